using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Refunds;

/// <summary>Money of a paid order to send back.</summary>
/// <param name="Amount">Minor units of the order's currency, at least 1; absent for all that is left.</param>
/// <param name="Note">Why, at most 500 characters.</param>
public sealed record RefundOrder([property: AtLeast(1)] long? Amount = null, [property: StringLength(500)] string? Note = null);

/// <summary>The outcome of a refund by an operator.</summary>
internal enum OrderRefundOutcome
{
    /// <summary>Listed, now or before.</summary>
    Listed,
    /// <summary>The order has no row.</summary>
    UnknownOrder,
    /// <summary>It is not paid.</summary>
    NotPaid,
    /// <summary>More than is left of the payment.</summary>
    TooLarge,
    /// <summary>The key was used before with another amount.</summary>
    KeyReused,
}

/// <summary>
/// Lists money of paid orders for refund. The order's row is locked, so calls for one order come one after the other; the constraint
/// <c>payments_refunded</c> bounds their sum. The event is written in the same transaction. Units stay sold: an operator who has them back
/// adds them to the stock.
/// </summary>
internal sealed class OrderRefunds(NpgsqlDataSource database)
{
    /// <summary>Lists a refund, once for each key.</summary>
    public async Task<(OrderRefundOutcome Outcome, Refund? Refund)> RefundAsync(
        string orderId, string key, RefundOrder refund, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.QueryAsync<string>(
            "select status from orders where order_id = @orderId for update", new { orderId }, cancellationToken) is not [var status])
        {
            return (OrderRefundOutcome.UnknownOrder, null);
        }

        if (await connection.QueryAsync<Refund>(
            $"select {RefundsFeature.Columns} from refunds where order_id = @orderId and idempotency_key = @key and reason = 'operator'",
            new { orderId, key }, cancellationToken) is [var earlier])
        {
            return refund.Amount is { } same && same != earlier.Amount
                ? (OrderRefundOutcome.KeyReused, null) : (OrderRefundOutcome.Listed, earlier);
        }

        if (status != "paid" || await connection.QueryAsync<(string Id, long Left)>(
            "select payment_id, amount - refunded from payments where order_id = @orderId and outcome = 'accepted'",
            new { orderId }, cancellationToken) is not [var payment])
        {
            return (OrderRefundOutcome.NotPaid, null);
        }

        var amount = refund.Amount ?? payment.Left;
        if (amount == 0 || amount > payment.Left)
        {
            return (OrderRefundOutcome.TooLarge, null);
        }

        var listed = (await connection.QueryAsync<Refund>(
            $"""
            update payments set refunded = refunded + @amount where payment_id = @Id;
            insert into refunds (payment_id, order_id, amount, currency, reason, idempotency_key, note)
            select payment_id, order_id, @amount, currency, 'operator', @key, @Note from payments where payment_id = @Id
            returning {RefundsFeature.Columns}
            """,
            new { payment.Id, amount, key, refund.Note }, cancellationToken)).Single();
        await connection.ExecuteAsync(
            "insert into order_events_new (kind, order_ids, refund_id) values ('refunded', array[@orderId], @RefundId)",
            new { orderId, RefundId = listed.Id }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (OrderRefundOutcome.Listed, listed);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(RefundOrder))]
internal sealed partial class RefundJson : JsonSerializerContext;
