using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Seckill.OrderService.Orders;
using Seckill.Shared.Contracts;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: no order lost. After a failover, or with a full disk, PostgreSQL may answer and refuse every write (SQLSTATE 25006). The
/// provider and the buyer must get 503 and retry, and a worker must keep its orders out of quarantine. On a database of the test's own.
/// </summary>
public sealed class ReadOnlyDatabaseTests : IAsyncLifetime
{
    private const string ReadOnly = "read-only; orders wait in the outbox, payments and cancellations get 503";
    private readonly string _name = "read_only_" + Guid.NewGuid().ToString("N");
    private readonly long _user = TestItem.NewId() >> 1;
    private readonly NpgsqlDataSource _database;
    private readonly StorefrontHost _pooled;
    private readonly StorefrontHost _api;
    private readonly OrdersReservedConsumer _worker;

    public ReadOnlyDatabaseTests()
    {
        // Without a pool: each connection begins a session, with the setting as it is then.
        var connection = new NpgsqlConnectionStringBuilder(Servers.OrdersConnection) { Database = _name, Pooling = false }.ConnectionString;
        _database = NpgsqlDataSource.Create(connection);
        _api = new StorefrontHost(new() { ["role"] = "api", ["ConnectionStrings:Orders"] = connection });
        _pooled = new StorefrontHost(new() { ["role"] = "api", ["ConnectionStrings:Orders"] = connection + ";Pooling=true" });
        _worker = Delivery.Consumer(_database);
    }

    [Fact]
    public async Task A_read_only_PostgreSQL_delays_payments_cancellations_and_orders_and_loses_none()
    {
        var item = await OpenAsync();
        var (placed, paidEarly, cancelledEarly, message) = (
            await ReserveAsync(item, 0), await ReserveAsync(item, 1), await ReserveAsync(item, 2), await ReserveAsync(item, 3));
        await ConsumeAsync(item, placed);

        await SetReadOnlyAsync(true);
        foreach (var order in new[] { placed, paidEarly, cancelledEarly })
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), await PayAsync(order));
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), await CancelAsync(order));
        }

        var refused = await Assert.ThrowsAsync<PostgresException>(() => ConsumeAsync(item, message));
        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, refused.SqlState);

        await SetReadOnlyAsync(false);
        Assert.Equal((HttpStatusCode.OK, "accepted"), await PayAsync(placed));
        Assert.Equal((HttpStatusCode.OK, "accepted"), await PayAsync(paidEarly));
        Assert.Equal((HttpStatusCode.OK, "cancelled"), await CancelAsync(cancelledEarly));
        await ConsumeAsync(item, message);
        await using var connection = await _database.OpenConnectionAsync();
        Assert.Equal(
            new[] { (placed, "paid"), (paidEarly, "paid"), (cancelledEarly, "cancelled"), (message, "placed") }
                .Select(row => (row.Item1.OrderId, row.Item2)).Order(),
            (await connection.QueryAsync<(string, string)>("select order_id, status from orders")).Order());
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("select count(*) from quarantined_orders"));
        Assert.Equal(3, await connection.ExecuteScalarAsync<int>("select live from sale_items"));
    }

    /// <summary>
    /// A session that began while the server was read-only stays so. Broken by a pool that keeps it. Mutant: pools do not forget.
    /// </summary>
    [Fact]
    public async Task Connections_of_a_read_only_time_are_dropped_when_it_is_over()
    {
        var item = await OpenAsync();
        var (order, other) = (await ReserveAsync(item, 0), await ReserveAsync(item, 1));
        await ConsumeAsync(item, order);
        await ConsumeAsync(item, other);

        await SetReadOnlyAsync(true);
        await _pooled.InitializeAsync();
        Assert.Equal(ReadOnly, await PostgresAsync());
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), await PayAsync(order, _pooled));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), await CancelAsync(other, _pooled));

        await SetReadOnlyAsync(false);
        await Eventually.IsTrueAsync("payments are taken", async () => await PayAsync(order, _pooled) == (HttpStatusCode.OK, "accepted"));
        Assert.Equal((HttpStatusCode.OK, "cancelled"), await CancelAsync(other, _pooled));
        await Eventually.IsTrueAsync("readiness says so", async () => await PostgresAsync() is null);

        // Readiness finds out without a payment.
        await SetReadOnlyAsync(true);
        await ExecuteAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{_name}'");
        await Eventually.IsTrueAsync("readiness says so", async () => await PostgresAsync() == ReadOnly);
        await SetReadOnlyAsync(false);
        await Eventually.IsTrueAsync("readiness says that it is over", async () => await PostgresAsync() is null);
    }

    public async ValueTask InitializeAsync()
    {
        await ExecuteAsync($"create database {_name}");
        using var migrator = Schema.Migrator(_database);
        await migrator.StartAsync(CancellationToken.None);
        await migrator.Done.InTime();
        await _api.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        await _pooled.DisposeAsync();
        await _database.DisposeAsync();
        await ExecuteAsync($"drop database {_name} with (force)");
    }

    private static async Task ExecuteAsync(string sql)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }

    private Task SetReadOnlyAsync(bool isReadOnly) =>
        ExecuteAsync($"alter database {_name} set default_transaction_read_only = {(isReadOnly ? "on" : "off")}");

    private async Task<TestItem> OpenAsync()
    {
        var item = await TestItem.OpenAsync();
        var catalog = new SaleCatalog(Servers.Redis);
        await catalog.AddNumberAsync(item.Number, item.Key);
        await catalog.AddSaleAsync(new OpenedSale(item.Key.SaleId, "Test", [item.Key.SkuId]));
        await using var connection = await _database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into sales (sale_id, name, opens_at, closes_at, payment_timeout_seconds, state)
            values (@SaleId, 'Test', now(), now() + interval '1 hour', 900, 'open');
            insert into sale_items
              (sale_id, sku_id, item_number, position, allocated, limit_per_user, unit_price, currency, warmed_at)
            overriding system value values (@SaleId, @SkuId, @number, 0, 100, 2, 4999, 'EUR', now());
            """,
            new { item.Key.SaleId, item.Key.SkuId, number = int.Parse(item.Number, NumberStyles.HexNumber, null) });
        return item;
    }

    private async Task<ReservedOrder> ReserveAsync(TestItem item, int buyer)
    {
        var orderId = await item.ReserveOneAsync(_user + buyer);
        var hold = (await TestItem.Ledger.FindHoldAsync(item.Keys, orderId))!.Value.Hold;
        return new ReservedOrder(orderId, hold.UserId, hold.Units, hold.ReservedAt);
    }

    private Task ConsumeAsync(TestItem item, ReservedOrder order) =>
        _worker.Consume(Delivery.Of(new OrdersReserved(item.Key.SaleId, item.Key.SkuId, 4999, "EUR", [order])));

    private Task<(HttpStatusCode Status, string Word)> CancelAsync(ReservedOrder order, StorefrontHost? api = null) =>
        SendAsync(api, order, $"/orders/{order.OrderId}/cancel", null);

    private Task<(HttpStatusCode Status, string Word)> PayAsync(ReservedOrder order, StorefrontHost? api = null) =>
        SendAsync(
            api, order, "/payments",
            $$"""{"paymentId":"{{order.OrderId}}","orderId":"{{order.OrderId}}","amount":4999,"currency":"EUR"}""");

    /// <summary>What readiness says of PostgreSQL; null when it is healthy.</summary>
    private async Task<string?> PostgresAsync() =>
        (await _pooled.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["postgres"].Description;

    /// <summary>The status with the outcome, the order's status, or the code. Only a 503 has Retry-After.</summary>
    private async Task<(HttpStatusCode Status, string Word)> SendAsync(
        StorefrontHost? api, ReservedOrder order, string path, string? payment)
    {
        using var client = (api ?? _api).ClientOf(order.UserId);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        if (payment is not null)
        {
            request.Content = new StringContent(payment, new MediaTypeHeaderValue("application/json"));
            var time = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
            var hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(DevelopmentKeys.Payment), Encoding.UTF8.GetBytes($"{time}.{payment}"));
            request.Headers.Add("X-Signature", $"t={time},v1={Convert.ToHexStringLower(hash)}");
        }

        using var response = await client.SendAsync(request).InTime();
        Assert.Equal(response.StatusCode == HttpStatusCode.ServiceUnavailable, response.Headers.RetryAfter is not null);
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        return (response.StatusCode, body.GetProperty(
            !response.IsSuccessStatusCode ? "code" : payment is null ? "status" : "outcome").GetString()!);
    }
}
