// Compiled only with -p:NBomber=true (LoadTests.csproj), against the package that Directory.Packages.props names. The default
// runner needs none of this.
using System.Globalization;
using NBomber.Contracts;
using NBomber.CSharp;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Phase = Seckill.LoadTests.Engine.Phase;
using Scenario = Seckill.LoadTests.Load.Scenario;
using Step = Seckill.LoadTests.Engine.Step;

namespace Seckill.LoadTests.NBomber;

/// <summary>The scenarios of <see cref="Scenarios"/> under NBomber: the same visitors, its arrivals, its statistics, its reports.</summary>
public static class NBomberRun
{
    private const double SmoothFrom = 100;

    /// <summary>Sends one scenario; NBomber writes its report into a directory of its own under <paramref name="output"/>.</summary>
    /// <returns>An exit code: wrong when too many requests failed, or p99 of a step is above the mark. There is no audit.</returns>
    public static async Task<int> RunAsync(
        LoadTarget target, Scenario scenario, LoadSettings settings, string output, CancellationToken cancellationToken)
    {
        var visitors = settings.Users == 0 ? scenario.Arrivals(settings).Count : LoadSettings.MaximumBuyers;
        var sale = new LoadSale(scenario, settings, visitors);
        using var ops = new OpsClient(target.Inventory, target.OpsKey);
        await ops.CreateAsync(sale.Sale, cancellationToken);
        await ops.OpenAsync(sale.Sale.SaleId, cancellationToken);
        var buyers = target.SignBuyers(settings.BuyersOf(visitors));
        // NBomber's own warm-up sends the scenario itself, and would sell the stock before anything counts.
        await new WarmUp(target, settings, sale, buyers).RunAsync(cancellationToken);
        using var pool = new ClientPool(
            target.Apis, settings.Connections, TimeSpan.FromSeconds(settings.TimeoutSeconds), cancellationToken);
        var shop = new Shop(pool, new Recorder());
        var next = -1L;
        var props = global::NBomber.CSharp.Scenario.Create(scenario.Name, async context =>
            {
                var number = Interlocked.Increment(ref next);
                var buyer = buyers[number % buyers.Length];
                await scenario.VisitAsync(new MeasuredVisit(context, scenario, shop, sale, buyer, number, target.PaymentKey));
                await Task.Delay(settings.Users == 0 ? 0 : settings.ThinkMilliseconds);
                return Response.Ok();
            })
            .WithoutWarmUp()
            // A visitor goes on after a request that failed, and the run goes on too: the marks are looked at afterwards.
            .WithRestartIterationOnFail(false)
            .WithMaxFailCount(int.MaxValue)
            .WithLoadSimulations(Simulate(scenario, settings));
        var time = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var runner = NBomberRunner.RegisterScenarios(props)
            .WithTestSuite("seckill")
            .WithTestName(scenario.Name)
            .WithReportFolder(Path.Combine(output, $"{time}-{scenario.Name}-nbomber"));
        var license = Environment.GetEnvironmentVariable("NBOMBER_LICENSE");
        var stats = (string.IsNullOrEmpty(license) ? runner : runner.WithLicense(license)).Run();
        await ops.CloseAsync(sale.Sale.SaleId, CancellationToken.None);

        var steps = stats.ScenarioStats.Single(own => own.ScenarioName == scenario.Name).StepStats
            .Where(step => Step.All.Any(own => own.Name == step.StepName)).ToArray();
        var (good, failed) = (steps.Sum(step => (long)step.Ok.Request.Count), steps.Sum(step => (long)step.Fail.Request.Count));
        return good > 0 && failed * 100.0 <= settings.MaximumErrorPercent * (good + failed)
            && steps.All(step => step.Ok.Latency.Percent99 <= settings.MaximumP99Milliseconds) ? ExitCode.Right : ExitCode.Wrong;
    }

    private static LoadSimulation[] Simulate(Scenario scenario, LoadSettings settings)
    {
        if (settings.Users > 0)
        {
            return [Simulation.KeepConstant(settings.Users, TimeSpan.FromSeconds(settings.Seconds))];
        }

        // A rate is per interval: those who come in one of them come at once, so it is short when enough come. One for all phases, for a
        // ramp begins at the number of the phase before.
        var interval = TimeSpan.FromSeconds(settings.Rate >= SmoothFrom ? 0.1 : 1);
        return [.. scenario.Plan(settings).Select(phase => Simulate(phase, interval))];
    }

    private static LoadSimulation Simulate(Phase phase, TimeSpan interval)
    {
        // Nothing is shorter than a second there.
        var rate = (int)Math.Round(phase.ToPerSecond * interval.TotalSeconds);
        var during = TimeSpan.FromSeconds(Math.Max(1, phase.Seconds));
        return phase.FromPerSecond == phase.ToPerSecond
            ? Simulation.Inject(rate, interval, during)
            : Simulation.RampingInject(rate, interval, during);
    }

    /// <summary>Each request is a step of NBomber; a refusal that belongs to the scenario is a good answer, its code the status.</summary>
    private sealed class MeasuredVisit(
        IScenarioContext context, Scenario scenario, Shop shop, LoadSale sale, Buyer buyer, long number, string paymentKey)
        : Visit(shop, sale, buyer, number, System.Diagnostics.Stopwatch.GetTimestamp(), paymentKey)
    {
        protected override async ValueTask<ShopAnswer> TakeAsync(Step step, Func<long, bool, ValueTask<ShopAnswer>> ask)
        {
            var answer = default(ShopAnswer);
            await global::NBomber.CSharp.Step.Run(step.Name, context, async () =>
            {
                answer = await base.TakeAsync(step, ask);
                return answer.IsSuccess || scenario.Refusals.Contains(answer.Outcome.Name)
                    ? Response.Ok(statusCode: answer.Outcome.Name)
                    : Response.Fail(statusCode: answer.Outcome.Name);
            });
            return answer;
        }
    }
}
