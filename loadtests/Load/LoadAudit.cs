using System.Diagnostics;
using System.Globalization;
using System.Net;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Load;

/// <summary>
/// Whether the books balance after a run. Over HTTP alone, as anybody can who has the ops key: what buyers were told, against the ledger,
/// the service's own audit and the orders as their buyers see them. With the connection strings also order by order in the stores.
/// </summary>
/// <param name="target">The system.</param>
/// <param name="sale">What was sold.</param>
/// <param name="settings">Of the run.</param>
/// <param name="shop">What buyers were told.</param>
public sealed class LoadAudit(LoadTarget target, LoadSale sale, LoadSettings settings, Shop shop)
{
    private const int MostLookedUp = 2_000;
    private const int LookedUpAtOnce = 16;
    private const int MostLookUps = 40;
    // Of orders that expire while we look, no two books can be read at one moment; so we wait until none is left.
    private const int LongestWaitForPayment = 120;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Orders that were promised and are nowhere.</summary>
    public long Lost { get; private set; }

    /// <summary>Units beyond the stock.</summary>
    public long Oversold { get; private set; }

    /// <summary>What else is not as it must be.</summary>
    public int Wrong { get; private set; }

    /// <summary>Sentences about what was found, a few.</summary>
    public List<string> Findings { get; } = [];

    /// <summary>Waits until nothing is under way, then looks.</summary>
    public async Task<IReadOnlyList<ResultSection>> RunAsync(
        OpsClient ops, IReadOnlyDictionary<long, Buyer> buyers, CancellationToken cancellationToken)
    {
        var drained = await DrainAsync(ops, cancellationToken);
        var promises = PromiseAudit.Promises(shop.Log);
        var sections = new List<ResultSection> { await OverHttpAsync(ops, buyers, promises, drained, cancellationToken) };
        if (target.Orders is not null)
        {
            sections.Add(await InStoresAsync(ops, promises, cancellationToken));
        }

        return sections;
    }

    private async Task<bool> DrainAsync(OpsClient ops, CancellationToken cancellationToken)
    {
        var mayExpire = settings.PaymentTimeoutSeconds <= LongestWaitForPayment;
        var patience = s_patience + TimeSpan.FromSeconds(mayExpire ? settings.PaymentTimeoutSeconds : 0);
        var startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            var ledger = await ops.LedgerAsync(sale.Sale.SaleId, cancellationToken);
            var quarantined = await ops.QuarantinedAsync(sale.Sale.SaleId, cancellationToken);
            if (ledger.Sum(item => item.Reserved + (mayExpire ? item.Placed : 0)) <= quarantined
                && await ops.BacklogAsync(sale.Sale.SaleId, cancellationToken) == 0)
            {
                return true;
            }

            if (Stopwatch.GetElapsedTime(startedAt) > patience)
            {
                Findings.Add($"Not drained after {patience.TotalSeconds:0} s.");
                return false;
            }

            await Task.Delay(s_pause, cancellationToken);
        }
    }

    private async Task<ResultSection> OverHttpAsync(
        OpsClient ops, IReadOnlyDictionary<long, Buyer> buyers, IReadOnlyDictionary<string, OrderAttempt> promises, bool drained,
        CancellationToken cancellationToken)
    {
        var ledger = await ops.LedgerAsync(sale.Sale.SaleId, cancellationToken);
        var audit = await ops.AuditAsync(sale.Sale.SaleId, cancellationToken);
        var quarantined = await ops.QuarantinedAsync(sale.Sale.SaleId, cancellationToken);
        var sold = ledger.Sum(item => item.Placed + item.Paid);
        var (returned, rejected) = (ledger.Sum(item => item.Returned), ledger.Sum(item => item.Rejected));
        var allocated = sale.Sale.Items.Sum(item => item.Allocated + sale.Added);
        var promised = promises.Values.Sum(promise => (long)promise.Answer.Units);
        var repeats = shop.Log.Count(attempt => attempt.Answer.Kind == AnswerKind.Accepted) - promises.Count;
        var unknown = shop.Log.Where(attempt => attempt.Answer.Kind != AnswerKind.Accepted).Sum(attempt => attempt.Quantity);
        var found = sold + returned + rejected + quarantined;
        var overLimit = promises.Values.GroupBy(promise => (promise.UserId, promise.SkuId))
            .Count(group => group.Sum(promise => promise.Answer.Units) > settings.LimitPerUser);
        var (asked, gone, unanswered) = await LookUpAsync(buyers, promises, cancellationToken);
        var paid = ledger.Sum(item => item.Paid);
        var unbalanced = ledger.Count(item => !item.Balanced || item.Available + item.Reserved + item.Placed + item.Paid != item.Allocated);
        Lost = Math.Max(Math.Max(0, promised - found), gone);
        Oversold = Math.Max(0, sold - allocated) + rejected;
        return new ResultSection("What the books say, over HTTP",
        [
            new("Orders promised", Amount.Text(promises.Count),
                $"{Amount.Text(promised)} units" + (repeats > 0 ? $"; {Amount.Text(repeats)} answers are the same order again" : "")),
            new("Units found", Amount.Text(found),
                $"{Amount.Text(sold)} sold, {Amount.Text(returned)} returned, {quarantined} in quarantine"),
            Row("Looked up", Amount.Text(asked),
                unanswered == 0 ? "promised orders, by their buyers" : $"and {unanswered} were not answered", unanswered == 0),
            Row("Drained", drained ? "yes" : "NO", "nothing waits any more", drained),
            Zero("Lost", Lost, "promised, found nowhere", isMark: true),
            Zero("Oversold", Oversold, "units beyond the stock", isMark: true),
            Zero("Unexpected", Math.Max(0, found - promised - unknown), "units that nobody was promised"),
            // Units that came back may be bought again by the same buyer.
            Zero("Over the limit", returned > 0 ? 0 : overLimit, "buyers with too many units"),
            Zero("Undocumented", shop.Departed, "answers outside the contract"),
            // A payment without an answer may have been accepted too.
            .. paid + shop.Paid == 0 ? Array.Empty<ResultRow>()
                : [Row("Paid", Amount.Text(paid), $"units; {Amount.Text(shop.Paid)} payments were accepted", paid >= shop.Paid)],
            Row("Stock", Amount.Text(ledger.Sum(item => item.Allocated)), $"{Amount.Text(allocated)} were given to the sale",
                ledger.Sum(item => item.Allocated) == allocated),
            Row("Balanced", unbalanced == 0 ? "yes" : "NO", "stock = available + sold, by item", unbalanced == 0),
            Row("Own audit", audit.Balanced ? "balanced" : "BROKEN",
                $"findings: {audit.Items.Sum(item => item.Findings.Count)}", audit.Balanced),
        ]);
    }

    // Of many orders some: evenly, the first and the last among them.
    private async Task<(long Asked, long Gone, long Unanswered)> LookUpAsync(
        IReadOnlyDictionary<long, Buyer> buyers, IReadOnlyDictionary<string, OrderAttempt> promises, CancellationToken cancellationToken)
    {
        var all = promises.Values.ToArray();
        var some = Enumerable.Range(0, Math.Min(all.Length, MostLookedUp))
            .Select(index => all[(int)((long)index * all.Length / Math.Min(all.Length, MostLookedUp))]).ToArray();
        using var http = StorefrontClient.Connect(LookedUpAtOnce);
        var (gone, unanswered) = (0L, 0L);
        await Parallel.ForEachAsync(
            some.Chunk(Math.Max(1, some.Length / LookedUpAtOnce)), cancellationToken, async (chunk, token) =>
            {
                using var client = new StorefrontClient(http, target.Apis, token);
                foreach (var promise in chunk)
                {
                    var api = (promise.Api + 1) % target.Apis.Count;
                    // When many stay without an answer, asking again is no use.
                    var lookUps = Volatile.Read(ref unanswered) > LookedUpAtOnce ? 1 : MostLookUps;
                    var who = buyers[promise.UserId].Authorization;
                    var status = await FindAsync(client, api, who, promise.Answer.OrderId!, lookUps, token);
                    if (status != HttpStatusCode.OK)
                    {
                        _ = status == HttpStatusCode.NotFound ? Interlocked.Increment(ref gone) : Interlocked.Increment(ref unanswered);
                        lock (Findings)
                        {
                            Findings.Add($"GET orders/{promise.Answer.OrderId} answers {status?.ToString() ?? "nothing"}.");
                        }
                    }
                }
            });
        return (some.Length - unanswered, gone, unanswered);
    }

    // A crowd has just left, and the one who asks now is still over its rate limit: only 404 means that an order is not there.
    private static async Task<HttpStatusCode?> FindAsync(
        StorefrontClient client, int api, string authorization, string orderId, int lookUps, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var status = await client.FindOrderAsync(api, authorization, orderId);
            if (status is HttpStatusCode.OK or HttpStatusCode.NotFound || attempt == lookUps)
            {
                return status;
            }

            await Task.Delay(s_pause, cancellationToken);
        }
    }

    private async Task<ResultSection> InStoresAsync(
        OpsClient ops, IReadOnlyDictionary<string, OrderAttempt> promises, CancellationToken cancellationToken)
    {
        var given = sale.Sale with { Items = [.. sale.Sale.Items.Select(item => item with { Allocated = item.Allocated + sale.Added })] };
        using var stock = await StockReader.ConnectAsync(target.Redis!);
        await using var orders = new OrderReader(target.Orders!);
        var books = await SaleState.ReadAsync(given, orders, stock, ops, cancellationToken);
        var closed = books.Rows.Where(row => row.Status is "cancelled" or "expired").Select(row => row.OrderId)
            .ToHashSet(StringComparer.Ordinal);
        var held = promises.Values.Where(promise => !closed.Contains(promise.Answer.OrderId!))
            .ToLookup(promise => promise.SkuId, promise => (long)promise.Answer.Units);
        IReadOnlyList<Violation> violations =
        [
            .. PromiseAudit.Check([.. shop.Log], books.Rows),
            .. given.Items.Zip(books.Stock).SelectMany(pair => StockAudit.Check(
                pair.First, held[pair.First.SkuId].Sum(), [.. books.Rows.Where(row => row.SkuId == pair.First.SkuId)], pair.Second,
                books.Ledger.FirstOrDefault(entry => entry.SkuId == pair.First.SkuId))),
        ];
        Findings.AddRange(violations.Select(violation => $"{violation.Kind}: {violation.Detail}").Take(10));
        long Sum(ViolationKind kind) => violations.Where(violation => violation.Kind == kind).Sum(violation => violation.Amount);
        Lost = Math.Max(Lost, Sum(ViolationKind.Lost));
        Oversold = Math.Max(Oversold, Sum(ViolationKind.Oversold));
        return new ResultSection("What the stores say",
        [
            new("In PostgreSQL", Amount.Text(books.Rows.Count), "orders, those in quarantine included"),
            new("In Redis", Amount.Text(books.Stock.Sum(item => item.Holds.Count)), "holds"),
            Zero("Lost", Sum(ViolationKind.Lost), "each promised order was looked for", isMark: true),
            Zero("Oversold", Sum(ViolationKind.Oversold), "units beyond the stock", isMark: true),
            Zero("Duplicates", Sum(ViolationKind.Duplicate), "one click, two orders"),
            Zero("Over the limit", Sum(ViolationKind.LimitExceeded), "buyers with too many units"),
            Zero("Unexpected", Sum(ViolationKind.Unexpected), "orders nobody was promised"),
            Zero("Altered", Sum(ViolationKind.Altered), "orders unlike the promise"),
            Zero("Unbalanced", Sum(ViolationKind.Unbalanced), "broken equations between the stores"),
        ]);
    }

    // A pass mark has a threshold of its own and does not count twice.
    private ResultRow Zero(string name, long amount, string meaning, bool isMark = false) =>
        Row(name, amount.ToString("N0", CultureInfo.InvariantCulture), meaning, amount == 0, isMark);

    private ResultRow Row(string name, string value, string meaning, bool isRight, bool isMark = false)
    {
        Wrong += isRight || isMark ? 0 : 1;
        return new ResultRow(name, value, meaning, isRight ? RowVerdict.Right : RowVerdict.Wrong);
    }
}
