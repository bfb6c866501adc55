using Dapper;
using Npgsql;
using Seckill.Shared.Contracts;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>What waits, what could not be persisted, and what must be refunded.</summary>
internal static class ReconciliationEndpoints
{
    private static readonly Problem s_notQuarantined = new(404, "not-quarantined", "This order is not in quarantine.");

    public static void MapReconciliation(this IEndpointRouteBuilder app)
    {
        var ops = app.MapGroup("").WithMetadata(new RequiresOpsKey());
        ops.MapGet("/outbox", async (SaleCatalog catalog, StockLedger stock) => Results.Json(
                await ReadOutboxAsync(catalog, stock), ReconciliationJson.Default.IReadOnlyListOutboxView))
            .WithSummary("Orders that wait to be persisted, by sale item")
            .Produces<IReadOnlyList<OutboxView>>()
            .ProducesProblems(401, 503);
        ops.MapGet("/quarantine", async (NpgsqlDataSource database, CancellationToken cancellationToken) => Results.Json(
                await ReadQuarantineAsync(database, null, cancellationToken), ReconciliationJson.Default.IReadOnlyListQuarantinedOrder))
            .WithSummary("Orders that could not be persisted, the newest thousand first")
            .Produces<IReadOnlyList<QuarantinedOrder>>()
            .ProducesProblems(401, 503);
        ops.MapPost("/quarantine/{orderId}/replay", ReplayAsync)
            .WithSummary("Try again to persist an order")
            .WithDescription("Publishes it. If it can be persisted now it leaves the list, else it stays.")
            .Produces(StatusCodes.Status202Accepted)
            .ProducesProblems(401, 404, 503);
        ops.MapGet("/refunds", async (NpgsqlDataSource database, CancellationToken cancellationToken) => Results.Json(
                await ReadRefundsAsync(database, cancellationToken), ReconciliationJson.Default.IReadOnlyListRefund))
            .WithSummary("Payments whose money must go back, the newest thousand first")
            .Produces<IReadOnlyList<Refund>>()
            .ProducesProblems(401, 503);
    }

    private static async Task<IReadOnlyList<OutboxView>> ReadOutboxAsync(SaleCatalog catalog, StockLedger stock)
    {
        var views = new List<OutboxView>();
        foreach (var item in await catalog.ItemsAsync())
        {
            var (depth, oldest) = await stock.InspectOutboxAsync(new ItemKeys(item));
            views.Add(new OutboxView(item.SaleId, item.SkuId, depth, oldest.TotalSeconds));
        }

        return views;
    }

    private static async Task<IResult> ReplayAsync(
        string orderId, NpgsqlDataSource database, OrdersReservedPublisher publisher, CancellationToken cancellationToken)
    {
        if (await ReadQuarantineAsync(database, orderId, cancellationToken) is not [var order])
        {
            return s_notQuarantined;
        }

        // The row stays: if the order fails again it must not be gone. The list leaves out what has an order row.
        await publisher.PublishAsync(new OrdersReserved(
            order.SaleId, order.SkuId, order.UnitPrice, order.Currency,
            [new ReservedOrder(order.OrderId, order.UserId, order.Quantity, order.ReservedAt)]));
        return Results.Accepted();
    }

    private static async Task<IReadOnlyList<QuarantinedOrder>> ReadQuarantineAsync(
        NpgsqlDataSource database, string? orderId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(
            string OrderId, long SaleId, long SkuId, long UserId, int Quantity, long UnitPrice, string Currency,
            DateTime ReservedAt, string Error, DateTime QuarantinedAt)>(new CommandDefinition(
            """
            select order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, reserved_at, error, quarantined_at
            from quarantined_orders q
            where (@orderId::text is null or order_id = @orderId)
              and not exists (select from orders o where o.order_id = q.order_id)
            order by quarantined_at desc
            limit 1000
            """,
            new { orderId },
            cancellationToken: cancellationToken));
        return
        [
            .. rows.Select(row => new QuarantinedOrder(
                row.OrderId, row.SaleId, row.SkuId, row.UserId, row.Quantity, row.UnitPrice, row.Currency,
                row.ReservedAt, row.Error, row.QuarantinedAt)),
        ];
    }

    private static async Task<IReadOnlyList<Refund>> ReadRefundsAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(
            string PaymentId, string OrderId, long Amount, string Currency, string Reason, DateTime CreatedAt)>(new CommandDefinition(
            "select payment_id, order_id, amount, currency, reason, created_at from refunds order by created_at desc limit 1000",
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => new Refund(row.PaymentId, row.OrderId, row.Amount, row.Currency, row.Reason, row.CreatedAt))];
    }
}
