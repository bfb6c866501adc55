
using Seckill.Tests.Harness.Processes;

namespace Seckill.Chaos;

/// <summary>
/// A place for one service: its relays to the four servers, and the process that stands there now. Whatever kills the process, the
/// next one stands in the same place, behind the same relays.
/// </summary>
internal sealed class Member : IAsyncDisposable
{
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly string _project;
    private readonly string[] _arguments;
    private readonly (string, string?)[] _settings;
    private readonly string _failPoint;
    private readonly List<ServiceProcess> _processes = [];

    /// <param name="name">As in <see cref="Schedule.Processes"/>.</param>
    /// <param name="root">Where the built services are: the checkout, or a variant of it.</param>
    /// <param name="servers">Behind the relays.</param>
    public Member(string name, string root, ChaosServers servers)
    {
        var isInventory = Schedule.Inventories.Contains(name);
        Name = name;
        _project = Path.Combine(root, isInventory ? "InventoryService" : "OrderService");
        _arguments = isInventory ? [] : ["--role", name.Split('-')[0]];
        _failPoint = Path.Combine(servers.Directory, name + ".fail-point");
        Relays = new Dictionary<string, Relay>
        {
            ["redis"] = Relay.ToRedis(servers[Servers.RedisSetting]),
            ["rabbitmq"] = Relay.ToRabbitMq(servers[Servers.RabbitMqSetting]),
            ["postgres"] = Relay.ToPostgres(Servers.OrdersSetting, servers[Servers.OrdersSetting]),
            ["postgres-legacy"] = Relay.ToPostgres(Servers.LegacySetting, servers[Servers.LegacySetting]),
        };
        // Impatient where a run would only wait: the order of things is the same.
        _settings =
        [
            .. Installation.Development, .. Installation.ShortTimeouts, .. Relays.Values.Select(relay => ((string, string?))relay.Setting),
            ("SECKILL_FAIL_POINT", _failPoint),
            ("Auditor__IntervalMilliseconds", "500"), ("Auditor__LossIntervalMilliseconds", "200"),
            ("Rebuild__IntervalMilliseconds", "200"),
            ("RateLimits__UserBurst", "1000000"), ("RateLimits__UserPerSecond", "1000000"),
            // What the writer does not notice itself nobody else may notice for it.
            ("Legacy__RoundPauseMilliseconds", "3600000"),
        ];
    }

    public string Name { get; }

    /// <summary>To each server.</summary>
    public IReadOnlyDictionary<string, Relay> Relays { get; }

    /// <summary>The process that stands here now, or stood here last.</summary>
    public ServiceProcess Now { get; private set; } = null!;

    public IEnumerable<string> LogFiles => _processes.Select(process => process.LogFile);

    /// <summary>Starts it if it does not run.</summary>
    /// <param name="clockOffset">By how many seconds its clock is wrong, where clocks can be shifted.</param>
    public async Task StartAsync(int clockOffset = 0)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            if (Now is { HasEnded: false })
            {
                return;
            }

            var process = ServiceProcess.Start(Name, _project, _arguments, [.. _settings, .. ShiftedClock.By(clockOffset)]);
            _processes.Add(process);
            await process.ListensAsync();
            Now = process;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>kill -9, if it runs.</summary>
    public async Task KillAsync()
    {
        if (!Now.HasEnded)
        {
            await Now.KillAsync();
        }
    }

    /// <summary>It kills itself when it reaches the step; for as long as this is not taken back.</summary>
    public void ArmFailPoint(string step)
    {
        // Complete or absent: the process may read it at any moment.
        File.WriteAllText(_failPoint + ".new", step);
        File.Move(_failPoint + ".new", _failPoint, overwrite: true);
    }

    public void DisarmFailPoint() => File.Delete(_failPoint);

    /// <summary>Forgets the processes that have ended, with their logs.</summary>
    public async Task ForgetTheDeadAsync()
    {
        foreach (var process in _processes.Where(process => process != Now).ToArray())
        {
            _processes.Remove(process);
            await process.DisposeAsync();
            File.Delete(process.LogFile);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        foreach (var relay in Relays.Values)
        {
            await relay.DisposeAsync();
        }

        _oneAtATime.Dispose();
    }
}
