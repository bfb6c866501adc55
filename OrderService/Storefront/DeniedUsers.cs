using System.Collections.Frozen;

namespace Seckill.OrderService.Storefront;

/// <summary>
/// Users who may not order, as PostgreSQL had them half a second ago; a click reads a field. While PostgreSQL is down the last list stays
/// in use.
/// </summary>
internal sealed partial class DeniedUsers(NpgsqlDataSource database, TimeProvider clock, ILogger<DeniedUsers> logger)
    : PeriodicService(clock)
{
    private volatile FrozenSet<long>? _users;
    private long _version;

    /// <summary>True when this user may not order.</summary>
    public bool Has(long userId) => _users is { } users && users.Contains(userId);

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(500);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        // Before the list: a change in between is read twice, and never missed.
        var version = await database.SingleAsync<long>("select version from denied_users_version", null, stoppingToken);
        if (version == _version)
        {
            return;
        }

        var users = await database.QueryAsync<long>("select user_id from denied_users", null, stoppingToken);
        _users = users.Count == 0 ? null : users.ToFrozenSet();
        _version = version;
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(511, LogLevel.Warning, "The list of denied users could not be read; the last one stays in use: {Reason}")]
    private partial void LogFailed(string reason);
}
