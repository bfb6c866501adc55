using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>Waits until nothing of a sale is under way any more: the outbox is empty and every promise is in a table.</summary>
/// <param name="sale">The sale.</param>
/// <param name="stock">Redis.</param>
/// <param name="orders">PostgreSQL.</param>
/// <param name="watch">Counts the rows.</param>
public sealed class Drain(Sale sale, StockBooks stock, OrderBooks orders, PersistenceWatch watch)
{
    /// <summary>How long the outbox may take to empty.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Orders leave the outbox after their rows are committed, so what is missing then is missing; this only allows for the
    // interval of the count.
    private static readonly TimeSpan s_patienceForRows = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns null once drained, or a sentence about what is left when it takes too long.</summary>
    /// <param name="promised">How many orders buyers were promised.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public async Task<string?> WaitAsync(int promised, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (await stock.OutboxLengthAsync(sale, cancellationToken) is var waiting && waiting != 0)
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                var number = waiting?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number of";
                return $"Not drained after {Patience.TotalSeconds:0} s: {number} orders wait in the outbox. {watch.Outage}";
            }

            await Task.Delay(s_interval, cancellationToken);
        }

        var emptied = Stopwatch.GetTimestamp();
        while (watch.Count < promised)
        {
            if (Stopwatch.GetElapsedTime(emptied) > s_patienceForRows)
            {
                var quarantined = await orders.CountQuarantinedAsync(sale.SaleId, cancellationToken);
                return watch.Count + quarantined >= promised ? null
                    : $"The outbox is empty, yet of {promised} promised orders {watch.Count} are in PostgreSQL and {quarantined} "
                        + $"in quarantine. {watch.Outage}";
            }

            await Task.Delay(s_interval, cancellationToken);
        }

        return null;
    }
}
