using System.Diagnostics;
using Seckill.Fuzz.Cases;
using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Stores;
using Seckill.LoadTests.Client;

namespace Seckill.Fuzz;

/// <summary>
/// Sends the cases in blocks. In each block the requests that must not change anything come last, and the stores are compared before and
/// after them.
/// </summary>
/// <param name="target">The system, with its stores.</param>
/// <param name="plan">What to do.</param>
/// <param name="logs">Logs of its services.</param>
/// <param name="report">Takes each finding once, when it is found.</param>
internal sealed class FuzzRun(LoadTarget target, FuzzPlan plan, IReadOnlyCollection<string> logs, Action<string> report)
{
    private const int BlockSize = 100;
    private static readonly TimeSpan s_restLimit = TimeSpan.FromSeconds(30);
    private readonly LogWatch _log = new(logs);
    private readonly Tally _tally = new();
    private readonly List<Finding> _findings = [];
    private readonly Stage _stage = new(target, plan.FirstSaleId);

    /// <summary>Called after each case, with its number: where a test plants a fault.</summary>
    public Func<int, Task> AfterCase { get; init; } = _ => Task.CompletedTask;

    private IReadOnlyCollection<(long SaleId, long SkuId)> Items =>
        [.. _tally.Sales.Values.SelectMany(sale => sale.Items.Keys.Select(sku => (sale.SaleId, sku)))];

    public async Task<FuzzResult> RunAsync()
    {
        var started = Stopwatch.GetTimestamp();
        await using var stores = await StoreTrace.ConnectAsync(target);
        var startedAt = await stores.NowAsync();
        var requests = new Requests(
            await Service.ReadAsync(
                "storefront", target.Apis[0], target.OrderOps, operation => target.OrderOps is null || !operation.IsForOperators),
            await Service.ReadAsync("ops", target.Inventory, target.InventoryOps),
            _stage, target.OrderOps is { } own
                ? await Service.ReadAsync("storefront ops", own, own, operation => operation.IsForOperators) : null);
        var client = new Client(_tally, Report);
        await new StageSetting(requests, client).PrepareAsync();
        var maker = new CaseMaker(requests, plan.Seed);
        var number = plan.First;
        while (number <= plan.Last && Stopwatch.GetElapsedTime(started) < plan.Limit
            && !_findings.Exists(found => found.Rule == "no-connection"))
        {
            var block = Enumerable.Range(number, Math.Min(BlockSize, plan.Last - number + 1)).Select(maker.Make).ToArray();
            await RunAsync(block, client, stores);
            await client.SendAsync(requests.OfSale("POST", _stage.OpenSale, "/open"), number);
            number += block.Length;
        }

        foreach (var service in requests.Services)
        {
            await client.SendAsync(Requests.Ready(service), number);
        }

        await RestAsync(stores, number);
        foreach (var (rule, detail) in await new FinalAudit(target, stores, _tally, startedAt).CheckAsync())
        {
            Report(new Finding(rule, detail, 0));
        }

        return new FuzzResult(_findings, number - plan.First, _tally);
    }

    private async Task RunAsync(Case[] block, Client client, StoreTrace stores)
    {
        foreach (var loud in block.Where(one => !one.IsQuiet))
        {
            await RunAsync(loud, client);
        }

        var quiet = block.Where(one => one.IsQuiet).ToArray();
        if (quiet.Length == 0)
        {
            return;
        }

        await RestAsync(stores, block[0].Number);
        var before = await stores.ReadAsync(Items);
        foreach (var one in quiet)
        {
            await RunAsync(one, client);
        }

        if (await stores.ChangedSinceAsync(before, Items) is { Length: > 0 } changed)
        {
            await BlameAsync(quiet, client, stores, changed);
        }
    }

    private async Task RunAsync(Case one, Client client)
    {
        await one.RunAsync(client);
        await AfterCase(one.Number);
        foreach (var line in _log.NewErrors())
        {
            Report(new Finding("error-line", $"At this case, or shortly before it, a service logged: {line}", one.Number));
        }
    }

    // Again, one by one, to find the one that left the trace.
    private async Task BlameAsync(IEnumerable<Case> quiet, Client client, StoreTrace stores, string changed)
    {
        foreach (var one in quiet)
        {
            var before = await stores.ReadAsync(Items);
            await one.RunAsync(client);
            if (await stores.ChangedSinceAsync(before, Items) is { Length: > 0 } again)
            {
                Report(new Finding("trace", $"Requests that were refused, or only read, changed {again}.", one.Number));
                return;
            }
        }

        Report(new Finding("trace", $"One of the refused requests of this block changed {changed}, once.", quiet.First().Number));
    }

    private async Task RestAsync(StoreTrace stores, int number)
    {
        if (await stores.RestAsync(Items, s_restLimit) is { Length: > 0 } left)
        {
            Report(new Finding("no-rest", $"{s_restLimit.TotalSeconds:0} s after the last request: {left}.", number));
        }
    }

    private void Report(Finding finding)
    {
        lock (_findings)
        {
            if (!_findings.Exists(known => known.Kind == finding.Kind && known.Detail == finding.Detail))
            {
                report(finding.Text(plan.Seed));
            }

            _findings.Add(finding);
        }
    }
}
