using System.Diagnostics;
using System.Runtime.CompilerServices;
using Seckill.Shared.Schema;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Connections;

/// <summary>
/// Connection pools of PostgreSQL, on one host or several. Of several hosts the primary is used, and found again after a failover.
/// </summary>
/// <remarks>
/// Npgsql drops the connections to a host that goes down. It keeps those to one that answers and refuses writes, and it looks at the role
/// of a host once in 10 s. So each failure is looked at, whatever code runs the statement, and at most once a second
/// a pool forgets its idle connections and what it knows of its hosts. docs/decisions/0064 has the reasons.
/// </remarks>
public static class PostgresSource
{
    private const string SessionAttributes = "Target Session Attributes";
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly ConditionalWeakTable<NpgsqlDataSource, Pool> s_pools = [];

    static PostgresSource() => AppDomain.CurrentDomain.FirstChanceException += (_, failure) =>
    {
        if (PostgresErrors.IsOfWrongHost(failure.Exception))
        {
            foreach (var (source, pool) in s_pools)
            {
                pool.Forget(source);
            }
        }
    };

    /// <summary>The settings of a connection string, with defaults for what it leaves out.</summary>
    /// <param name="name">Of the connection string.</param>
    /// <param name="defaults">In the same format.</param>
    /// <param name="given">The connection string.</param>
    /// <exception cref="InvalidSettingException">It cannot be read, or may lead to a standby, which refuses every write.</exception>
    public static NpgsqlConnectionStringBuilder Settings(string name, string defaults, string given)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            // The last value of a setting counts.
            settings = new NpgsqlConnectionStringBuilder(defaults + given);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidSettingException($"ConnectionStrings:{name}", $"is no connection string of Npgsql: {exception.Message}");
        }

        var hasSeveral = settings.Host?.Contains(',', StringComparison.Ordinal) is true;
        settings.TargetSessionAttributes ??= hasSeveral ? "primary" : null;
        return (hasSeveral, settings.TargetSessionAttributes) switch
        {
            (true, "primary" or "read-write") or (false, null or "any") => settings,
            (true, var attributes) => throw new InvalidSettingException(
                $"ConnectionStrings:{name}",
                $"is not for a process that writes: {SessionAttributes} is {attributes}, and must be primary or read-write"),
            (false, _) => throw new InvalidSettingException(
                $"ConnectionStrings:{name}", $"is not understood: {SessionAttributes} needs several hosts (Host=a,b)"),
        };
    }

    /// <summary>The pool.</summary>
    /// <param name="settings">From <see cref="Settings"/>.</param>
    /// <param name="name">Its name in the metrics; without one it would be the connection string.</param>
    public static NpgsqlDataSource Open(NpgsqlConnectionStringBuilder settings, string name)
    {
        var source = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name }.Build();
        s_pools.Add(source, new Pool());
        return source;
    }

    /// <summary>
    /// Drops the idle connections of a pool and what it knows of its hosts, unless that was less than a second ago. For a caller
    /// that has read, and not learnt from a failure, that the server is read-only.
    /// </summary>
    public static void Forget(NpgsqlDataSource source)
    {
        if (s_pools.TryGetValue(source, out var pool))
        {
            pool.Forget(source);
        }
    }

    private sealed class Pool
    {
        private long _forgotAt = Stopwatch.GetTimestamp() - (long)(s_pause.TotalSeconds * Stopwatch.Frequency);

        public void Forget(NpgsqlDataSource source)
        {
            var last = Volatile.Read(ref _forgotAt);
            if (Stopwatch.GetElapsedTime(last) >= s_pause
                && Interlocked.CompareExchange(ref _forgotAt, Stopwatch.GetTimestamp(), last) == last)
            {
                // Not here, where Npgsql is still at work on the failure.
                ThreadPool.UnsafeQueueUserWorkItem(
                    static source =>
                    {
                        source.Clear();
                        (source as NpgsqlMultiHostDataSource)?.ClearDatabaseStates();
                    },
                    source, preferLocal: false);
            }
        }
    }
}
