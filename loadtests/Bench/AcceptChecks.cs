using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Bench;

/// <summary>Nothing is bought with a promise: after a run the stores are compared with what the buyers were told.</summary>
public static class AcceptChecks
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until the outbox is empty, then returns what is wrong; nothing when all is right.</summary>
    /// <param name="sale">A sale of one item.</param>
    /// <param name="accepted">202s that were counted.</param>
    /// <param name="connections">Orders that may have been under way, uncounted, when the load ended.</param>
    /// <param name="stores">For the backlog and the ledger.</param>
    /// <param name="stock">Redis.</param>
    /// <param name="orders">PostgreSQL.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<IReadOnlyList<string>> RunAsync(
        Sale sale, long accepted, int connections, BenchStores stores, StockBooks stock, OrderBooks orders,
        CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        void Check(bool holds, FormattableString sentence)
        {
            if (!holds)
            {
                wrong.Add(sentence.ToString(CultureInfo.InvariantCulture));
            }
        }

        var startedAt = Stopwatch.GetTimestamp();
        while (await stores.BacklogAsync(sale) > 0 && Stopwatch.GetElapsedTime(startedAt) < s_patience)
        {
            await Task.Delay(20, cancellationToken);
        }

        var item = await stock.ReadAsync(sale, sale.Items[0], cancellationToken);
        var rows = await orders.ReadAsync(sale.SaleId, cancellationToken);
        var live = rows.Where(row => row.IsLive).ToArray();
        var units = live.Sum(row => row.LiveUnits);
        var ids = live.Select(row => row.OrderId).ToHashSet(StringComparer.Ordinal);
        Check(item.Outbox.Count == 0, $"{item.Outbox.Count} orders are left in the outbox.");
        Check(live.Length == rows.Count, $"{rows.Count - live.Length} orders are in quarantine or rejected.");
        Check(live.Length >= accepted, $"{accepted} orders were accepted and {live.Length} have a row.");
        Check(live.Length <= accepted + connections, $"{live.Length} orders have a row and only {accepted} were accepted.");
        Check(ids.Count == live.Length, $"{live.Length - ids.Count} orders have more than one row.");
        Check(ids.SetEquals(item.Holds.Keys), $"the holds in Redis are not the live rows in PostgreSQL.");
        Check(
            item.Available + item.Held == item.Allocated,
            $"{item.Available} available + {item.Held} held ≠ {item.Allocated} allocated.");
        Check(item.Held == units, $"{item.Held} units are held and {units} are in live rows.");
        Check(await stores.LiveAsync(sale.SaleId) == units, $"the ledger does not count the {units} units of the live rows.");
        return wrong;
    }
}
