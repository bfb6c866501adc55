using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Sales;
using StackExchange.Redis;

namespace Seckill.InventoryService.Refunds;

/// <summary>Money of a paid order to send back.</summary>
/// <param name="Amount">Minor units of the order's currency, at least 1; absent for all that is left.</param>
/// <param name="Note">Why, at most 500 characters.</param>
/// <param name="Units">Units of the order that are for sale again; none when absent.</param>
public sealed record RefundOrder(
    [property: AtLeast(1)] long? Amount = null, [property: StringLength(500)] string? Note = null,
    [property: AtLeast(0)] int? Units = null);

/// <summary>The outcome of a refund by an operator.</summary>
internal enum OrderRefundOutcome
{
    /// <summary>Listed, now or before.</summary>
    Listed,
    /// <summary>The order has no row.</summary>
    UnknownOrder,
    /// <summary>It is not paid.</summary>
    NotPaid,
    /// <summary>More than is left of the payment, or of the order's units.</summary>
    TooLarge,
    /// <summary>The sale is archived, and takes no units back.</summary>
    SaleArchived,
    /// <summary>The key was used before with another amount, or other units.</summary>
    KeyReused,
}

/// <summary>
/// Lists money of paid orders for refund. The order's row is locked, so calls for one order come one after the other; the constraint
/// <c>payments_refunded</c> bounds their sum. The event is written in the same transaction, and so is the beginning of a change of stock
/// when units are for sale again: <see cref="StockChangeFinisher"/> makes it if this process does not. The order stays paid, and its units
/// sold.
/// </summary>
internal sealed class OrderRefunds(NpgsqlDataSource database, StockChanges changes)
{
    /// <summary>Lists a refund, once for each key.</summary>
    public async Task<(OrderRefundOutcome Outcome, Refund? Refund)> RefundAsync(
        string orderId, string key, RefundOrder refund, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.QueryAsync<PaidOrder>(
            """
            select status, sale_id, sku_id,
              quantity - (select coalesce(sum(units), 0)::int from refunds r where r.order_id = o.order_id) as units,
              (select archived_at is not null from sales s where s.sale_id = o.sale_id) as is_archived
            from orders o where order_id = @orderId for update
            """,
            new { orderId }, cancellationToken) is not [var order])
        {
            return (OrderRefundOutcome.UnknownOrder, null);
        }

        if (await connection.QueryAsync<Refund>(
            $"select {RefundsFeature.Columns} from refunds where order_id = @orderId and idempotency_key = @key and reason = 'operator'",
            new { orderId, key }, cancellationToken) is [var earlier])
        {
            return (refund.Amount ?? earlier.Amount, refund.Units ?? 0) == (earlier.Amount, earlier.Units)
                ? (OrderRefundOutcome.Listed, earlier) : (OrderRefundOutcome.KeyReused, null);
        }

        if (order.Status != "paid" || await connection.QueryAsync<(string Id, long Left)>(
            "select payment_id, amount - refunded from payments where order_id = @orderId and outcome = 'accepted'",
            new { orderId }, cancellationToken) is not [var payment])
        {
            return (OrderRefundOutcome.NotPaid, null);
        }

        var amount = refund.Amount ?? payment.Left;
        var units = refund.Units ?? 0;
        if (amount == 0 || amount > payment.Left || units > order.Units)
        {
            return (OrderRefundOutcome.TooLarge, null);
        }

        if (units > 0 && order.IsArchived)
        {
            return (OrderRefundOutcome.SaleArchived, null);
        }

        var listed = (await connection.QueryAsync<Refund>(
            $"""
            update payments set refunded = refunded + @amount where payment_id = @Id;
            insert into refunds (payment_id, order_id, amount, currency, reason, idempotency_key, note, units)
            select payment_id, order_id, @amount, currency, 'operator', @key, @Note, @units from payments where payment_id = @Id
            returning {RefundsFeature.Columns}
            """,
            new { payment.Id, amount, key, refund.Note, units }, cancellationToken)).Single();
        await connection.ExecuteAsync(
            "insert into order_events_new (kind, order_ids, refund_id) values ('refunded', array[@orderId], @RefundId)",
            new { orderId, RefundId = listed.Id }, cancellationToken);
        if (units == 0)
        {
            await transaction.CommitAsync(cancellationToken);
            return (OrderRefundOutcome.Listed, listed);
        }

        // No key of a caller has a space.
        var change = new StockChange(
            new ItemKey(order.SaleId, order.SkuId), string.Create(CultureInfo.InvariantCulture, $"refund {listed.Id}"), units);
        if (!await StockChanges.TryBeginAsync(connection, change, cancellationToken))
        {
            return (OrderRefundOutcome.TooLarge, null);
        }

        await transaction.CommitAsync(cancellationToken);
        await FinishAsync(change, cancellationToken);
        return (OrderRefundOutcome.Listed, listed);
    }

    // At once if it can be: else it is done within seconds.
    private async Task FinishAsync(StockChange change, CancellationToken cancellationToken)
    {
        try
        {
            await changes.FinishAsync(change, cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException)
        {
            // Its start is committed.
        }
    }

    private sealed record PaidOrder(string Status, long SaleId, long SkuId, int Units, bool IsArchived);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(RefundOrder))]
internal sealed partial class RefundJson : JsonSerializerContext;
