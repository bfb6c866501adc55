using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Demo;

/// <summary>Compares what the buyers of the second sale were told with PostgreSQL, Redis, the ledger and the list of refunds.</summary>
/// <param name="Log">What the buyers say.</param>
/// <param name="Books">What the stores say.</param>
/// <param name="Refunds">Payment ids that operators are told to refund, as often as they are listed.</param>
public sealed record LifeAudit(LifeLog Log, SaleBooks Books, IReadOnlyList<string> Refunds)
{
    private readonly Dictionary<string, string> _statuses = Books.Rows.GroupBy(row => row.OrderId, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.First().Status, StringComparer.Ordinal);

    /// <summary>Payments of this sale that are listed for refund.</summary>
    public IReadOnlyList<string> RefundsOfSale { get; } =
        [.. Refunds.Intersect(Log.Orders.SelectMany(order => order.Payments).Select(payment => payment.PaymentId), StringComparer.Ordinal)];

    /// <summary>Orders in a status, as PostgreSQL has them.</summary>
    public int Count(string status) => Books.Rows.Count(row => row.Status == status);

    /// <summary>Everything that is wrong.</summary>
    public IReadOnlyList<Violation> Check() =>
    [
        .. Log.Unfinished.Select(sentence => new Violation(ViolationKind.WrongAnswer, sentence)),
        .. CheckOrders(),
        .. CheckRefunds(),
        .. Books.Sale.Items.SelectMany(CheckItem),
    ];

    /// <summary>True when every unit of the item is accounted for, in all the books.</summary>
    public bool IsConserved(SaleItem item) => !CheckItem(item).Any();

    private IEnumerable<Violation> CheckOrders()
    {
        foreach (var order in Log.Orders)
        {
            var status = _statuses.GetValueOrDefault(order.OrderId);
            var right = status switch
            {
                null => false,
                "paid" => order.WasPaid && order.Cancellation != "cancelled",
                "cancelled" => order.Cancellation == "cancelled" && !order.Payments.Exists(payment => payment.Outcome == "accepted"),
                // A slow machine may let any order expire before its payment came, but never after it was accepted.
                "expired" => order.Cancellation != "cancelled" && !order.Payments.Exists(payment => payment.Outcome == "accepted"),
                _ => false,
            };
            if (!right)
            {
                var told = string.Join(", ", order.Payments.Select(payment => payment.Outcome).Append(order.Cancellation));
                yield return new Violation(
                    status is null ? ViolationKind.Lost : ViolationKind.WrongAnswer,
                    $"order {order.OrderId} is {status ?? "nowhere"}; its buyer ({order.Intent}) was told: {told}");
            }

            if (order.Intent == LifeIntent.PayLate && order.Followed != status)
            {
                yield return new Violation(
                    ViolationKind.WrongAnswer, $"the events of order {order.OrderId} end at {order.Followed ?? "nothing"}, it is {status}");
            }
        }

        var known = Log.Orders.Select(order => order.OrderId).ToHashSet(StringComparer.Ordinal);
        foreach (var row in Books.Rows.Where(row => !known.Contains(row.OrderId)))
        {
            yield return new Violation(ViolationKind.Unexpected, $"{row}: nobody was promised it");
        }
    }

    private IEnumerable<Violation> CheckRefunds()
    {
        var promised = Log.Orders.SelectMany(order => order.Payments).Where(payment => payment.Outcome == "refund")
            .Select(payment => payment.PaymentId).ToHashSet(StringComparer.Ordinal);
        foreach (var paymentId in promised.Except(RefundsOfSale, StringComparer.Ordinal))
        {
            yield return new Violation(ViolationKind.Lost, $"payment {paymentId} is to be refunded, and is not listed");
        }

        var used = Log.Orders.SelectMany(order => order.Payments).Where(payment => payment.Outcome == "accepted")
            .Select(payment => payment.PaymentId);
        foreach (var paymentId in used.Intersect(RefundsOfSale, StringComparer.Ordinal))
        {
            yield return new Violation(ViolationKind.WrongAnswer, $"payment {paymentId} was accepted, and is listed for refund");
        }

        foreach (var repeated in Refunds.GroupBy(id => id, StringComparer.Ordinal).Where(group => group.Skip(1).Any()))
        {
            yield return new Violation(ViolationKind.Duplicate, $"payment {repeated.Key} is listed for refund {repeated.Count()} times");
        }
    }

    private IEnumerable<Violation> CheckItem(SaleItem item)
    {
        var stock = Books.Stock.Single(entry => entry.SkuId == item.SkuId);
        var rows = Books.Rows.Where(row => row.SkuId == item.SkuId).ToList();
        // Of a sale that is over, only paid orders hold units, so the equations of any drained sale apply; what was promised in
        // all is more than there ever was at once.
        foreach (var violation in StockAudit.Check(
            item, rows.Sum(row => row.LiveUnits), rows, stock, Books.Ledger.FirstOrDefault(entry => entry.SkuId == item.SkuId)))
        {
            yield return violation;
        }

        if (Books.LedgerProblem is { } problem)
        {
            yield return new Violation(ViolationKind.Unbalanced, problem);
        }

        long Units(params ReadOnlySpan<string> statuses)
        {
            long sum = 0;
            foreach (var row in rows)
            {
                sum += statuses.Contains(row.Status) ? row.Quantity : 0;
            }

            return sum;
        }

        if (Books.Ledger.FirstOrDefault(entry => entry.SkuId == item.SkuId) is { } ledger
            && ((ledger.Placed, ledger.Paid, ledger.Returned, ledger.Rejected)
                != (Units("placed"), Units("paid"), Units("cancelled", "expired"), Units("rejected"))
                || ledger.Allocated != ledger.Available + ledger.Reserved + ledger.Placed + ledger.Paid))
        {
            yield return new Violation(ViolationKind.Unbalanced, $"item {item.SkuId}: the ledger says {ledger}");
        }
    }
}
