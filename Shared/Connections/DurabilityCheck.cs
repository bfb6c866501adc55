using Seckill.Shared.Hosting;

namespace Seckill.Shared.Connections;

/// <summary>
/// Compares the settings of Redis with those that the promises need, as soon as Redis answers and then once a minute, because a failover
/// may lead to another server. A weaker setting is logged once, with the promise that it breaks; with
/// <c>Redis:RefuseWeakDurability</c> = true it stops the process.
/// </summary>
public sealed partial class DurabilityCheck(
    IConnectionMultiplexer redis, IConfiguration configuration, IHostApplicationLifetime lifetime, TimeProvider clock,
    ILogger<DurabilityCheck> logger)
    : PeriodicService(clock)
{
    private static readonly TimeSpan s_intervalWithoutAnswer = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    private static readonly (string Setting, string Needed, string Lost)[] s_needed =
    [
        ("appendonly", "yes", "no order lost: a restart of Redis forgets accepted orders"),
        ("appendfsync", "always", "no order lost: a crash of the machine forgets the orders of the last second"),
        ("maxmemory-policy", "noeviction", "no order lost and no oversell: a full Redis evicts holds and stock"),
    ];

    private IReadOnlyList<(string Server, string Setting, string Value, string Lost)> _reported = [];
    private bool _isAnswered;
    private bool _isHidden;

    private const string MinimumReplicas = "min-replicas-to-write";

    /// <summary>What is weaker than needed at a primary: its name, setting, value, and the promise that is lost.</summary>
    /// <param name="redis">The primaries are found by it.</param>
    /// <param name="replicas">That must have an order before its 202.</param>
    /// <exception cref="RedisServerException">Redis hides its settings, as managed servers may.</exception>
    /// <exception cref="RedisCommandException">The connection string disables CONFIG.</exception>
    /// <exception cref="RedisException">No primary is connected, or one of a cluster is not.</exception>
    public static async Task<IReadOnlyList<(string Server, string Setting, string Value, string Lost)>> FindWeakSettingsAsync(
        IConnectionMultiplexer redis, int replicas = 0)
    {
        var weak = new List<(string, string, string, string)>();
        foreach (var primary in RedisPrimaries.Find(redis))
        {
            var name = RedisPrimaries.NameOf(primary);
            foreach (var (setting, needed, lost) in s_needed)
            {
                if (await primary.ConfigGetAsync(setting) is [(_, var value)] && value != needed)
                {
                    weak.Add((name, setting, value, lost));
                }
            }

            if (replicas > 0 && await primary.ConfigGetAsync(MinimumReplicas) is [(_, var enough)]
                && int.Parse(enough, CultureInfo.InvariantCulture) < replicas)
            {
                weak.Add((name, MinimumReplicas, enough, "no oversell: a primary that is cut off sells what the next one sells"));
            }
        }

        return weak;
    }

    protected override TimeSpan Interval => _isAnswered ? s_interval : s_intervalWithoutAnswer;
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        try
        {
            _isAnswered = false;
            var weak = await FindWeakSettingsAsync(redis, RedisOptions.In(configuration).Replicas);
            _isAnswered = true;
            Report([.. weak.Except(_reported)]);
            _reported = weak;
        }
        catch (Exception exception) when (exception is RedisServerException or RedisCommandException)
        {
            _isAnswered = true;
            if (!_isHidden)
            {
                LogHidden(exception.Message);
            }

            _isHidden = true;
        }
    }

    protected override void OnOutage(Exception exception)
    {
        // Redis is down, which readiness and the client's own log lines report.
    }

    private void Report(IReadOnlyList<(string Server, string Setting, string Value, string Lost)> weak)
    {
        foreach (var (server, setting, value, lost) in weak)
        {
            LogWeak(server, setting, value, lost);
        }

        if (weak.Count > 0 && configuration.GetValue<bool>("Redis:RefuseWeakDurability"))
        {
            LogRefused();
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    [LoggerMessage(110, LogLevel.Warning, "Redis at {Server} has {Setting} = {Value}. This breaks a promise: {Lost}.")]
    private partial void LogWeak(string server, string setting, string value, string lost);
    [LoggerMessage(111, LogLevel.Critical, "Stopping, because Redis:RefuseWeakDurability is set.")]
    private partial void LogRefused();
    [LoggerMessage(112, LogLevel.Information, "Redis hides its settings; durability is not checked: {Reason}")]
    private partial void LogHidden(string reason);
}
