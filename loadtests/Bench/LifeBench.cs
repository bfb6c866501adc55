using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Client;
using Spectre.Console;

namespace Seckill.LoadTests.Bench;

/// <summary>
/// The end of very many orders at one moment, as after an outage: how fast they are closed and their stock comes back, and what a
/// sale that is on at the time feels of it.
/// </summary>
/// <param name="site">The system.</param>
/// <param name="load">The load of the running sale.</param>
/// <param name="api">Takes the orders of the running sale.</param>
/// <param name="options">Rounds, seconds and how many orders.</param>
/// <param name="console">For people.</param>
public sealed class LifeBench(BenchSite site, ILoadGenerator load, Uri api, BenchOptions options, IAnsiConsole console)
{
    private const long EnoughUnits = 100_000_000;
    private static readonly TimeSpan s_lead = TimeSpan.FromSeconds(1);
    // Until the workers no longer take what was persisted last for a sale that is on.
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    /// <summary>Runs all rounds, after a small one that does not count.</summary>
    public async Task<IReadOnlyList<LifeRound>> RunAsync(LoadTarget target, string rabbitMq, CancellationToken cancellationToken)
    {
        await using var orders = await LifeOrders.ConnectAsync(target.Redis, target.Orders, rabbitMq);
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
            foreach (var violation in round.Violations)
            {
                console.WriteLine("WRONG: " + violation);
            }
        }

        return rounds;
    }

    private async Task<LifeRound> RunAsync(LifeOrders orders, int count, CancellationToken cancellationToken)
    {
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
        await load.RunAsync(new Uri(api, "orders"), sale.SaleId, BenchSite.SkuId, options.Seconds, cancellationToken);
        while (await site.Stores.BacklogAsync(sale) > 0)
        {
            await Task.Delay(50, cancellationToken);
        }
    }
}
