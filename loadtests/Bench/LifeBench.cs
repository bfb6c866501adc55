using System.Globalization;
using Seckill.LoadTests.Client;
using Spectre.Console;

namespace Seckill.LoadTests.Bench;

/// <summary>
/// Many orders expire at one moment, as after an outage: how fast they are closed and their stock comes back, and how much a sale that
/// is on slows down.
/// </summary>
/// <param name="session">The system.</param>
/// <param name="load">The load of the running sale.</param>
/// <param name="api">Takes the orders of the running sale.</param>
public sealed class LifeBench(BenchSession session, ILoadGenerator load, Uri api)
{
    private const long EnoughUnits = 100_000_000;
    private static readonly TimeSpan s_lead = TimeSpan.FromSeconds(1);
    // Until the workers no longer treat the sale as running.
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    /// <summary>Runs all rounds, after a small warm-up.</summary>
    public async Task<IReadOnlyList<LifeRound>> RunAsync(CancellationToken cancellationToken)
    {
        var (options, console) = (session.Options, session.Console);
        await using var orders = await LifeOrders.ConnectAsync(session.Target);
        console.WriteLine("warming up life");
        await RunAsync(orders, Math.Max(1_000, options.Orders / 10), cancellationToken);
        var rounds = new List<LifeRound>();
        for (var number = 1; number <= options.Rounds; number++)
        {
            var round = await RunAsync(orders, options.Orders, cancellationToken);
            rounds.Add(round);
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"round {number} of {options.Rounds}  life  persisted {round.PersistedPerSecond:N0}/s  closed {round.ClosedPerSecond:N0}/s"
                + $"  accepts {round.AcceptedPerSecond:N0}/s  meanwhile {round.AcceptedMeanwhile:N0}/s"
                + $" and closed {round.ClosedMeanwhile:N0}/s"));
            session.Conclude(round.Violations);
        }

        return rounds;
    }

    private async Task<LifeRound> RunAsync(LifeOrders orders, int count, CancellationToken cancellationToken)
    {
        var site = session.Site;
        var first = await site.OpenSaleAsync(count, cancellationToken);
        var (_, persisted) = await orders.PersistAsync(first, count, cancellationToken);
        await Task.Delay(s_quiet, cancellationToken);
        var (_, _, closed) = await orders.CloseAsync(first, count, cancellationToken);
        List<string> wrong = [.. await orders.CheckClosedAsync(first, count)];

        var alone = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await SellAsync(alone, cancellationToken);
        var accepted = await orders.AcceptedPerSecondAsync(alone, null);

        var second = await site.OpenSaleAsync(count, cancellationToken);
        await orders.PersistAsync(second, count, cancellationToken);
        var accompanied = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        var selling = SellAsync(accompanied, cancellationToken);
        await Task.Delay(s_lead, cancellationToken);
        var (from, to, closedMeanwhile) = await orders.CloseAsync(second, count, cancellationToken);
        await selling;
        var meanwhile = await orders.AcceptedPerSecondAsync(accompanied, (from, to));
        wrong.AddRange(await orders.CheckClosedAsync(second, count));
        foreach (var sale in new[] { first, alone, second, accompanied })
        {
            await site.Stores.ForgetAsync(sale);
        }

        return new LifeRound(count, persisted, closed, accepted, meanwhile, closedMeanwhile, wrong);
    }

    // Ends when every order of the sale has its row, so that its rate can be read there.
    private async Task SellAsync(Sale sale, CancellationToken cancellationToken)
    {
        await load.RunAsync(new Uri(api, "orders"), sale.SaleId, BenchSite.SkuId, session.Options.Seconds, cancellationToken);
        while (await session.Site.Stores.BacklogAsync(sale) > 0)
        {
            await Task.Delay(50, cancellationToken);
        }
    }
}
