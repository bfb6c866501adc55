using System.Diagnostics;
using System.Globalization;
using Dapper;
using Npgsql;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;
using StackExchange.Redis;

namespace Seckill.LoadTests.Load.Soak;

/// <summary>Samples what a system uses: its processes, where this machine has them, and its stores, where they are within reach.</summary>
public sealed class ResourceWatch : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);
    private readonly string? _records;
    private readonly ConnectionMultiplexer? _redis;
    private readonly NpgsqlDataSource? _orders;
    private readonly List<ResourceSample> _samples = [];
    private (double Size, double Written) _aof;

    private ResourceWatch(string? records, ConnectionMultiplexer? redis, NpgsqlDataSource? orders) =>
        (_records, _redis, _orders) = (records, redis, orders);

    /// <summary>So far.</summary>
    public IReadOnlyList<ResourceSample> Samples => _samples;

    /// <summary>Connects to the stores.</summary>
    /// <param name="target">The system.</param>
    /// <param name="records">See <see cref="RecordedProcesses"/>; null when its processes are elsewhere.</param>
    public static async Task<ResourceWatch> StartAsync(LoadTarget target, string? records)
    {
        ArgumentNullException.ThrowIfNull(target);
        return new ResourceWatch(
            records,
            // The client counts INFO among what administrators do.
            target.HasStores ? await ConnectionMultiplexer.ConnectAsync(target.Redis, options => options.AllowAdmin = true) : null,
            target.HasStores ? NpgsqlDataSource.Create($"Application Name=soak;{target.Orders}") : null);
    }

    /// <summary>Samples until <paramref name="stop"/>.</summary>
    /// <param name="orders">Orders accepted so far.</param>
    /// <param name="backlog">Orders in the outbox; null when that is not known.</param>
    /// <param name="stop">The load is over.</param>
    public async Task RunAsync(Func<long> orders, Func<long?> backlog, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(orders);
        ArgumentNullException.ThrowIfNull(backlog);
        var startedAt = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            var values = new Dictionary<string, double>();
            ReadProcesses(values);
            if (backlog() is { } waiting)
            {
                values["orders in the outbox"] = waiting;
            }

            await ReadStoresAsync(values);
            _samples.Add(new ResourceSample(Math.Round(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, 1), orders(), values));
            await Task.Delay(s_interval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await (_redis?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_orders?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private void ReadProcesses(Dictionary<string, double> values)
    {
        foreach (var (pid, name) in _records is null ? new Dictionary<int, string>() : RecordedProcesses.Read(_records))
        {
            var directory = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
            if (name.Split('-')[0] is not ("api" or "worker" or "inventory") || !Directory.Exists(directory))
            {
                continue;
            }

            try
            {
                var status = File.ReadLines(Path.Combine(directory, "status")).Select(line => line.Split(':', 2))
                    .ToDictionary(parts => parts[0], parts => parts[1]);
                // Without the pages of files, which the system takes back when it needs them.
                values[name + " memory"] = Number(status["RssAnon"].Replace("kB", "", StringComparison.Ordinal)) * 1024;
                values[name + " threads"] = Number(status["Threads"]);
                values[name + " handles"] = Directory.EnumerateFileSystemEntries(Path.Combine(directory, "fd")).Count();
            }
            catch (IOException)
            {
                // It ended at this moment, and has no values.
            }
        }
    }

    private async Task ReadStoresAsync(Dictionary<string, double> values)
    {
        if (_redis is null || _orders is null)
        {
            return;
        }

        try
        {
            var database = _redis.GetDatabase();
            var info = ((string)(await database.ExecuteAsync("INFO"))!).Split("\r\n")
                .Select(line => line.Split(':', 2)).Where(parts => parts.Length == 2).ToDictionary(parts => parts[0], parts => parts[1]);
            var size = Number(info.GetValueOrDefault("aof_current_size", "0"));
            // A rewrite makes the file smaller; what was written meanwhile is not counted.
            _aof = (size, _aof.Written + (_aof.Size > 0 ? Math.Max(0, size - _aof.Size) : 0));
            values["Redis AOF"] = size;
            values["Redis writes for each order"] = _aof.Written;
            values["Redis memory for each order"] = Number(info["used_memory"]);
            values["Redis clients"] = Number(info["connected_clients"]);
            values["Redis keys"] = (double)await database.ExecuteAsync("DBSIZE");
            await using var connection = await _orders.OpenConnectionAsync();
            (values["PostgreSQL connections"], values["returns that wait"]) = await connection.QuerySingleAsync<(double, double)>(
                """
                select (select count(*) from pg_stat_activity where backend_type = 'client backend')::float8,
                  (select count(*) from stock_returns where returned_at is null)::float8
                """);
        }
        catch (Exception exception) when (exception is RedisException or NpgsqlException or TimeoutException)
        {
            // The sample has what was read before; a soak with a store that is down fails by its other marks.
        }
    }

    private static double Number(string text) => double.Parse(text.Trim(), CultureInfo.InvariantCulture);
}
