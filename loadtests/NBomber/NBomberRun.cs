// Compiled only with -p:NBomber=true (LoadTests.csproj), against the package that Directory.Packages.props names. Our own runner needs
// none of this.
using NBomber.Contracts;
using NBomber.CSharp;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Seckill.Shared.Hosting;
using Phase = Seckill.LoadTests.Engine.Phase;
using Scenario = Seckill.LoadTests.Load.Scenario;
using Step = Seckill.LoadTests.Engine.Step;

namespace Seckill.LoadTests.NBomber;

/// <summary>The scenarios of <see cref="Scenarios"/> under NBomber: the same visitors, its arrivals, its statistics, its reports.</summary>
public static class NBomberRun
{
    /// <summary>Sends one scenario; NBomber writes its report into <c>reports/</c>.</summary>
    /// <returns>An exit code: 1 when a request failed.</returns>
    public static async Task<int> RunAsync(
        LoadTarget target, Scenario scenario, LoadSettings settings, CancellationToken cancellationToken)
    {
        var visitors = scenario.Arrivals(settings).Count;
        var sale = new LoadSale(scenario.Name, settings, visitors);
        using var ops = new OpsClient(target.Inventory, target.OpsKey);
        await ops.CreateAsync(sale.Sale, cancellationToken);
        await ops.OpenAsync(sale.Sale.SaleId, cancellationToken);
        var signer = new BuyerToken(target.BuyerTokenKey, TimeProvider.System);
        var buyers = Enumerable.Range(1, (int)Math.Min(settings.Buyers > 0 ? settings.Buyers : visitors, LoadSettings.MostBuyers))
            .Select(user => new Buyer(user, "Bearer " + signer.Sign(user, TimeSpan.FromHours(24)))).ToArray();
        using var pool = new ClientPool(
            target.Apis, settings.Connections, TimeSpan.FromSeconds(settings.PatienceSeconds), cancellationToken);
        var shop = new Shop(pool, new Recorder());
        var next = -1L;
        var props = global::NBomber.CSharp.Scenario.Create(scenario.Name, async context =>
            {
                var number = Interlocked.Increment(ref next);
                var buyer = buyers[number % buyers.Length];
                await scenario.VisitAsync(new MeasuredVisit(context, shop, sale, buyer, number, target.PaymentKey));
                return Response.Ok();
            })
            .WithWarmUpDuration(TimeSpan.FromSeconds(Math.Max(1, settings.WarmUpSeconds)))
            .WithLoadSimulations([.. scenario.Plan(settings).Select(Simulate)]);
        var stats = NBomberRunner.RegisterScenarios(props).WithTestName(scenario.Name).Run();
        return stats.AllFailCount == 0 ? ExitCode.Right : ExitCode.Wrong;
    }

    private static LoadSimulation Simulate(Phase phase)
    {
        var (second, during) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(Math.Max(1, phase.Seconds)));
        return phase.FromPerSecond == phase.ToPerSecond
            ? Simulation.Inject((int)phase.ToPerSecond, second, during)
            : Simulation.RampingInject((int)phase.ToPerSecond, second, during);
    }

    /// <summary>Each request is a step of NBomber; a refusal is a good answer with a status of its own.</summary>
    private sealed class MeasuredVisit(
        IScenarioContext context, Shop shop, LoadSale sale, Buyer buyer, long number, string paymentKey)
        : Visit(shop, sale, buyer, number, System.Diagnostics.Stopwatch.GetTimestamp(), paymentKey)
    {
        protected override async ValueTask<ShopAnswer> TakeAsync(Step step, Func<long, bool, ValueTask<ShopAnswer>> ask)
        {
            var answer = default(ShopAnswer);
            await global::NBomber.CSharp.Step.Run(step.Name, context, async () =>
            {
                answer = await base.TakeAsync(step, ask);
                return answer.Outcome.IsError
                    ? Response.Fail(statusCode: answer.Outcome.Name)
                    : Response.Ok(statusCode: answer.Outcome.Name);
            });
            return answer;
        }
    }
}
