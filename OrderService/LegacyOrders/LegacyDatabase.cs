using Npgsql;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>
/// The connection to the legacy database, from <c>ConnectionStrings:Legacy</c>. A pool of its own, small, with short time-outs: a
/// legacy server that freezes holds a few connections for seconds, and nothing of ours.
/// </summary>
internal sealed class LegacyDatabase : IAsyncDisposable
{
    private readonly NpgsqlDataSource? _source;

    public LegacyDatabase(string? connectionString)
    {
        if (!string.IsNullOrEmpty(connectionString))
        {
            // The last value of a setting counts, so whatever the connection string says goes before these defaults.
            _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(
                "Maximum Pool Size=8;Timeout=2;Command Timeout=5;Cancellation Timeout=300;"
                + $"Application Name=Seckill.OrderService-{Environment.ProcessId};" + connectionString));
        }
    }

    /// <summary>False when there is no such setting; nothing is written or read then.</summary>
    public bool IsConfigured => _source is not null;

    /// <exception cref="NpgsqlException">The legacy database is away, or not configured.</exception>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        (_source ?? throw new NpgsqlException("ConnectionStrings:Legacy is not set.")).OpenConnectionAsync(cancellationToken);

    public ValueTask DisposeAsync() => _source?.DisposeAsync() ?? default;
}
