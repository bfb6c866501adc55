using System.Text.Json;

using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Tests.Harness.Checks;

/// <summary>
/// Compares what the clients were told with what the stores have. Each failure says which promise is broken, and by what.
/// </summary>
internal static class Audit
{
    /// <summary>A slower answer is a buyer left hanging; the limit of the APIs of tests is 30 s.</summary>
    private static readonly TimeSpan s_longestAnswer = TimeSpan.FromSeconds(40);

    /// <summary>Waits until nothing is on its way, and then checks every promise.</summary>
    /// <param name="servers">The stores.</param>
    /// <param name="buyers">Their log is what is compared.</param>
    /// <param name="inventory">Whose ledger is asked, when the one that opened the sale is gone.</param>
    public static async Task WhenDrainedAsync(StoreConnections servers, Buyers buyers, ServiceProcess? inventory = null)
    {
        await DrainedAsync(servers, buyers.Sale);
        foreach (var sku in buyers.Sale.Skus)
        {
            var books = await Books.ReadAsync(servers, buyers.Sale, sku);
            Attempt[] log = [.. buyers.Log.Where(attempt => attempt.SkuId == sku)];
            EveryAnswerIsADocumentedOne(log);
            EveryConfirmedOrderIsOneRow(log, books);
            NobodyHasWhatNobodyAskedFor(log, books);
            RetriesAreSafe(log, books);
            StoresAgree(books, buyers.Sale);
        }

        await Eventually.IsTrueAsync("the ledger endpoint calls the sale balanced", async () =>
            (await buyers.Sale.LedgerAsync(inventory)).GetProperty("balanced").ValueKind == JsonValueKind.True);
    }

    /// <summary>
    /// After Redis lost data: waits until each live order is held, and no other, and checks that no unit was sold twice and no order
    /// is lost. None may be, where the API lived: it had every order that it confirmed on its way out.
    /// </summary>
    public static async Task WhenRebuiltAsync(StoreConnections servers, Buyers buyers)
    {
        await DrainedAsync(servers, buyers.Sale);
        // Messages that were under way when Redis lost its data are held or rejected as they come.
        Books books = null!;
        Dictionary<string, (long, int)> live = null!;
        await Eventually.IsTrueAsync("each live order is held, and no other", async () =>
        {
            books = await Books.ReadAsync(servers, buyers.Sale, buyers.Sale.Skus[0]);
            live = books.Rows.Where(row => row.Status is "placed" or "paid")
                .ToDictionary(row => row.OrderId, row => (row.UserId, row.Quantity));
            return live.Count == books.Holds.Count && live.All(order => books.Holds.GetValueOrDefault(order.Key) == order.Value);
        });
        var units = live.Values.Sum(order => order.Item2);
        Assert.Equal((units, units, buyers.Sale.Units), (books.LedgerLive, books.Held, books.Available + books.Held));
        Assert.True(books.LedgerLive <= books.LedgerAllocated, $"Oversold: {books.LedgerLive} of {books.LedgerAllocated} units.");
        var rows = books.Rows.Select(row => row.OrderId).ToHashSet();
        None("were confirmed and are lost", buyers.Accepted.Where(order =>
            order.SkuId == buyers.Sale.Skus[0] && !rows.Contains(order.OrderId)));
    }

    /// <summary>Waits until every order of the sale has left the outbox.</summary>
    public static Task DrainedAsync(StoreConnections servers, Sale sale) =>
        Eventually.IsTrueAsync("the outbox is empty", async () => await Books.CountOutboxAsync(servers, sale) == 0);

    /// <summary>Holds at every moment, also in the middle of a crash: a confirmed order is in the outbox, or it is a row.</summary>
    public static async Task NothingIsBetweenTheStoresAsync(StoreConnections servers, Buyers buyers)
    {
        foreach (var sku in buyers.Sale.Skus)
        {
            // Confirmed before the books are read.
            string[] confirmed = [.. buyers.Accepted.Where(attempt => attempt.SkuId == sku).Select(attempt => attempt.OrderId)];
            var books = await Books.ReadAsync(servers, buyers.Sale, sku);
            var rows = books.Rows.Select(row => row.OrderId).ToHashSet();
            None("left the outbox without being in PostgreSQL", confirmed.Where(id => !books.Outbox.Contains(id) && !rows.Contains(id)));
            Assert.True(books.LedgerLive <= books.LedgerAllocated, $"Oversold: {books.LedgerLive} of {books.LedgerAllocated} units.");
        }
    }

    private static void EveryAnswerIsADocumentedOne(Attempt[] log)
    {
        None("left a buyer hanging", log.Where(attempt => attempt.Code == "timeout" || attempt.Took > s_longestAnswer));
        None("have an undocumented answer", log.Where(attempt => (attempt.Status, attempt.Code) is not
            ((202, null) or (409, "sold-out" or "limit-reached") or (422, "idempotency-key-reused") or (503, "unavailable" or "busy")
                or (0, _))));
        None("do not say when to try again", log.Where(attempt => attempt.Status == 503 && !attempt.HasRetryAfter));
    }

    private static void EveryConfirmedOrderIsOneRow(Attempt[] log, Books books)
    {
        // The primary key makes more than one row impossible, and yet it is counted.
        var rows = books.Rows.ToLookup(row => row.OrderId);
        var accepted = log.Where(attempt => attempt.IsAccepted).ToArray();
        None("were confirmed and are lost", accepted.Where(attempt => !rows[attempt.OrderId].Any()));
        None("were confirmed and are there twice", rows.Where(order => order.Count() > 1).Select(order => order.Key));
        None("are not what was confirmed", accepted.Where(attempt =>
            rows[attempt.OrderId].Single() is var row && (row.UserId, row.Quantity) != (attempt.UserId, attempt.Quantity)));
        None("are not placed", books.Rows.Where(row => row.Status != "placed"));
        Assert.Equal(0, books.Quarantined);
    }

    private static void NobodyHasWhatNobodyAskedFor(Attempt[] log, Books books)
    {
        var confirmed = log.Where(attempt => attempt.IsAccepted).Select(attempt => attempt.OrderId).ToHashSet();
        var answered = log.Where(attempt => !attempt.IsUnknown && attempt.Key is not null)
            .Select(attempt => (attempt.UserId, attempt.Key)).ToHashSet();
        // At most one order for each request whose outcome the client never learnt.
        var unknown = log
            .Where(attempt => attempt.IsUnknown && !answered.Contains((attempt.UserId, attempt.Key)))
            .ToLookup(attempt => attempt.UserId, attempt => (object?)attempt.Key ?? attempt);
        None("exist without having been asked for", books.Rows
            .Where(row => !confirmed.Contains(row.OrderId))
            .GroupBy(row => row.UserId)
            .Where(surplus => surplus.Count() > unknown[surplus.Key].Distinct().Count())
            .Select(surplus => surplus.Key));
    }

    private static void RetriesAreSafe(Attempt[] log, Books books)
    {
        var accepted = log.Where(attempt => attempt.IsAccepted).ToArray();
        None("are two orders for one key", accepted.Where(attempt => attempt.Key is not null)
            .GroupBy(attempt => (attempt.UserId, attempt.Key))
            .Where(retries => retries.Select(attempt => attempt.OrderId).Distinct().Count() > 1)
            .Select(retries => retries.Key));
        None("are one order for two requests", accepted
            .GroupBy(attempt => attempt.OrderId)
            .Where(same => same.Select(attempt => attempt.Key).Distinct().Count() > 1 || (same.First().Key is null && same.Count() > 1))
            .Select(same => same.Key));
        var owners = books.Rows.ToDictionary(row => row.OrderId, row => row.UserId);
        None("tell a buyer no order, or somebody else's", log.Where(attempt => attempt.Code == "limit-reached"
            && (attempt.OrderIds.Count == 0 || attempt.OrderIds.Any(id => owners.GetValueOrDefault(id) != attempt.UserId))));
    }

    private static void StoresAgree(Books books, Sale sale)
    {
        var units = books.Rows.Sum(row => row.Quantity);
        Assert.Equal(sale.Units, books.Allocated);
        Assert.Equal(sale.Units, books.LedgerAllocated);
        Assert.True(books.LedgerLive <= books.LedgerAllocated, $"Oversold: {books.LedgerLive} of {books.LedgerAllocated} units.");
        Assert.Equal(units, books.LedgerLive);
        Assert.Equal(units, books.Held);
        Assert.Equal(books.Allocated, books.Available + books.Held);
        var unitsByUser = books.Rows.GroupBy(row => row.UserId).ToDictionary(mine => mine.Key, mine => mine.Sum(row => row.Quantity));
        None("are over the limit", unitsByUser.Where(mine => mine.Value > sale.LimitPerUser).Select(mine => mine.Key));
        Assert.Equal(books.Rows.ToDictionary(row => row.OrderId, row => (row.UserId, row.Quantity)), books.Holds);
        Assert.Equal(unitsByUser, books.UnitsOfBuyers);
    }

    private static void None<T>(string what, IEnumerable<T> violations)
    {
        T[] found = [.. violations];
        Assert.True(found.Length == 0, $"{found.Length} {what}, for example {string.Join("; ", found.Take(3))}.");
    }
}
