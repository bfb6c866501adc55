using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Verification;
using Seckill.OrderService.LegacyOrders.Writing;
using Seckill.OrderService.Orders;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.LegacyOrders;

/// <summary>
/// A pair of databases of its own for each test, on the real servers, dropped afterwards: a verifier's round walks over all orders.
/// </summary>
internal sealed class TwoDatabases : IAsyncDisposable
{
    private readonly string _name = "legacy_test_" + Guid.NewGuid().ToString("N");

    public LegacyOptions Options { get; } = new() { LaggingSeconds = 0, VerifiedPerSecond = 1_000_000, MaxBatch = 512 };

    public NpgsqlDataSource Orders { get; private set; } = null!;

    public NpgsqlDataSource LegacyTables { get; private set; } = null!;

    public LegacyDatabase Legacy { get; private set; } = null!;

    public LegacyBreaker Breaker { get; private set; } = null!;

    public OrderPlacement Placement => new(Orders);

    public OrderClosing Closing => new(Orders);

    public static async Task<TwoDatabases> CreateAsync(string mode = "shadow", string currency = "EUR", long price = 1999)
    {
        var both = new TwoDatabases();
        both.Orders = await both.CreateDatabaseAsync("Orders");
        both.LegacyTables = await both.CreateDatabaseAsync("Legacy");
        both.Legacy = new LegacyDatabase(LegacyDatabase.Settings(both.ConnectionString("Legacy")));
        both.Breaker = new LegacyBreaker(both.Wrapped, TimeProvider.System, NullLogger<LegacyBreaker>.Instance);
        using var migrator = Schema.Migrator(both.Orders);
        await migrator.StartAsync(CancellationToken.None);
        await migrator.Done.WaitAsync(TimeSpan.FromSeconds(60));
        await LegacySchema.ApplyAsync(both.Legacy, CancellationToken.None);
        await both.InOrdersAsync(
            $"""
            insert into sales (sale_id, name, opens_at, closes_at, payment_timeout_seconds)
            values (1, 'sale', now(), now() + interval '1 day', 3600);
            insert into sale_items (sale_id, sku_id, position, allocated, limit_per_user, unit_price, currency)
            values (1, 7, 0, 2000000000, 1, {price}, '{currency}');
            update dual_write_control set mode = '{mode}'
            """);
        return both;
    }

    public IOptions<LegacyOptions> Wrapped => Microsoft.Extensions.Options.Options.Create(Options);

    public LegacyBatch Batch(LegacyStore? store = null) => new(Orders, store ?? new LegacyStore(Legacy), Breaker, Wrapped);

    /// <summary>With a planner that prefers to read all orders.</summary>
    public NpgsqlDataSource OrdersThatAvoidIndexes() =>
        NpgsqlDataSource.Create(ConnectionString("Orders") + ";Options=-c enable_nestloop=off");

    /// <summary>Long statements are not ended by the server.</summary>
    public LegacyDatabase LegacyWithoutStatementTimeout() =>
        new(LegacyDatabase.Settings(ConnectionString("Legacy") + ";Options=-c statement_timeout=0"));

    public DualWriteControl Control() => new(Orders, Legacy, Breaker, TimeProvider.System, NullLogger<DualWriteControl>.Instance);

    public OrderVerification Verification() => new(Orders, new LegacyStore(Legacy), Wrapped);

    /// <summary>Places orders of different users, in batches, and returns their ids.</summary>
    public async Task<string[]> PlaceAsync(int count, long firstUser = 1, string? lastDigit = null)
    {
        var orders = Enumerable.Range(0, count)
            .Select(n => new ReservedOrder(NewId(lastDigit), firstUser + n, 1, TimeProvider.System.GetUtcNow()))
            .ToArray();
        foreach (var batch in orders.Chunk(2_000))
        {
            await Placement.PlaceAsync(new OrdersReserved(1, 7, 1999, "EUR", batch), CancellationToken.None);
        }

        return [.. orders.Select(order => order.OrderId)];
    }

    // The first digits are the number of the only item; the last digit decides the lane.
    private static string NewId(string? lastDigit)
    {
        var id = OrderId.Number(1) + Guid.NewGuid().ToString("N")[OrderId.NumberLength..];
        return lastDigit is null ? id : id[..^1] + lastDigit;
    }

    /// <summary>Writes until nothing waits.</summary>
    public async Task DrainAsync()
    {
        while (await Batch().WriteAsync(CancellationToken.None) > 0)
        {
        }

        Assert.Equal(0, await InOrdersAsync<long>("select coalesce(sum(orders), 0)::bigint from legacy_outbox"));
    }

    /// <summary>One full round of the continuous verifier.</summary>
    public async Task RoundAsync()
    {
        using var verifier = new ContinuousVerifier(
            Orders, Verification(), new LegacyStore(Legacy), Control(), Breaker, Wrapped, TimeProvider.System,
            NullLogger<ContinuousVerifier>.Instance);
        while (!(await verifier.StepAsync(CancellationToken.None))!.Value.RoundEnded)
        {
        }
    }

    /// <summary>The open discrepancies.</summary>
    public async Task<List<(string OrderId, string Class, string Field)>> OpenAsync()
    {
        await using var connection = await Orders.OpenConnectionAsync();
        return (await connection.QueryAsync<(string, string, string)>(
            "select order_id, class, field from legacy_discrepancies where resolved_at is null order by order_id, field")).AsList();
    }

    /// <summary>The open discrepancies, with what was recorded about the legacy row.</summary>
    public async Task<List<(string OrderId, string Class, string? Actual)>> OpenWithActualAsync()
    {
        await using var connection = await Orders.OpenConnectionAsync();
        return (await connection.QueryAsync<(string, string, string?)>(
            "select order_id, class, theirs from legacy_discrepancies where resolved_at is null order by order_id")).AsList();
    }

    public Task InOrdersAsync(string sql, object? parameters = null) => ExecuteAsync(Orders, sql, parameters);

    public Task InLegacyAsync(string sql, object? parameters = null) => ExecuteAsync(LegacyTables, sql, parameters);

    public Task<T?> InOrdersAsync<T>(string sql, object? parameters = null) => ScalarAsync<T>(Orders, sql, parameters);

    public Task<T?> InLegacyAsync<T>(string sql, object? parameters = null) => ScalarAsync<T>(LegacyTables, sql, parameters);

    public async ValueTask DisposeAsync()
    {
        await Legacy.DisposeAsync();
        await Orders.DisposeAsync();
        await LegacyTables.DisposeAsync();
        foreach (var server in new[] { "Orders", "Legacy" })
        {
            await using var admin = new NpgsqlConnection(Setting(server));
            await admin.ExecuteAsync($"drop database if exists {_name}_{server} with (force)");
        }
    }

    private async Task<NpgsqlDataSource> CreateDatabaseAsync(string server)
    {
        await using var admin = new NpgsqlConnection(Setting(server));
        await admin.ExecuteAsync($"create database {_name}_{server}");
        return NpgsqlDataSource.Create(ConnectionString(server));
    }

    private string ConnectionString(string server) =>
        new NpgsqlConnectionStringBuilder(Setting(server)) { Database = $"{_name}_{server}".ToLowerInvariant() }.ConnectionString;

    private static string Setting(string name) =>
        Environment.GetEnvironmentVariable("ConnectionStrings__" + name)
        ?? throw new InvalidOperationException(
            $"These tests need real servers, and ConnectionStrings__{name} is not set: run ./seckill test.");

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql, object? parameters)
    {
        await using var connection = await database.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    private static async Task<T?> ScalarAsync<T>(NpgsqlDataSource database, string sql, object? parameters)
    {
        await using var connection = await database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<T>(sql, parameters);
    }
}

/// <summary>A log that a test reads.</summary>
internal sealed class RecordedLog<T> : ILogger<T>
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public IEnumerable<(LogLevel Level, string Text)> Lines => _lines;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, formatter(state, exception)));
}
