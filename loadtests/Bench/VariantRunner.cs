using System.Diagnostics;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Bench;

/// <summary>Runs one variant once.</summary>
/// <param name="site">The system.</param>
/// <param name="load">The load.</param>
/// <param name="http">For metrics.</param>
/// <param name="connections">Of the load.</param>
/// <param name="recordDirectory">See <see cref="CpuUse"/>.</param>
public sealed class VariantRunner(BenchSite site, ILoadGenerator load, HttpClient http, int connections, string recordDirectory)
{
    // More than any run sells.
    private const long EnoughUnits = 100_000_000;
    private const long FewUnits = 1_000;
    private static readonly TimeSpan s_baselineTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Prepares, runs, measures, checks and cleans up.</summary>
    /// <param name="variant">What.</param>
    /// <param name="server">Base address of the measured process.</param>
    /// <param name="round">For the record.</param>
    /// <param name="seconds">How long the load lasts.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<Measurement> RunAsync(Variant variant, Uri server, int round, int seconds, CancellationToken cancellationToken)
    {
        var url = new Uri(server, variant.Path);
        var sale = variant.Kind is VariantKind.Accept or VariantKind.SoldOut
            ? await site.OpenSaleAsync(variant.Kind == VariantKind.Accept ? EnoughUnits : FewUnits, cancellationToken)
            : null;
        var saleId = sale?.SaleId
            ?? (variant.Kind == VariantKind.Baseline ? await site.OpenAtBaselineAsync(server, EnoughUnits, cancellationToken) : 1);
        if (variant.Kind == VariantKind.SoldOut)
        {
            await load.RunAsync(url, saleId, BenchSite.SkuId, 1, cancellationToken);
            await Task.Delay(500, cancellationToken);
        }

        var busy = await Machine.BusyShareAsync(TimeSpan.FromSeconds(1), cancellationToken);
        var sampler = new RunSampler();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var cpuBefore = CpuUse.Read(recordDirectory);
        var before = await ServerMetrics.ReadAsync(http, server, cancellationToken);
        var sampling = sampler.RunAsync(site.Stores, variant.Kind == VariantKind.Accept ? sale : null, over.Token);
        var result = await load.RunAsync(url, saleId, BenchSite.SkuId, seconds, cancellationToken);
        var cpu = CpuUse.Read(recordDirectory).PerRequest(cpuBefore, result.Requests);
        await over.CancelAsync();
        await sampling;
        var after = await ServerMetrics.ReadAsync(http, server, cancellationToken);
        var wrong = Expect(variant, result);
        var rows = variant.Kind switch
        {
            VariantKind.Accept => await ReadRowsAsync(sale!, result, sampler, wrong, cancellationToken),
            VariantKind.Baseline => await ReadBaselineAsync(saleId, result, wrong, cancellationToken),
            _ when wrong.Count > 0 => new RowResult(0, 0, 0, 0, null, null, null, wrong),
            _ => null,
        };
        if (sale is not null)
        {
            await site.Stores.ForgetAsync(sale);
        }
        else if (variant.Kind == VariantKind.Baseline)
        {
            await site.Stores.ForgetBaselineAsync(saleId);
        }

        return new Measurement(
            variant.Name, round, result,
            (after.AllocatedBytes - before.AllocatedBytes) / result.Requests,
            (after.Collections - before.Collections) * 1e6 / result.Requests,
            rows, sampler.Connections, busy, cpu,
            cpu[CpuUse.Others] * result.Requests / (result.Seconds * 1e6 * Environment.ProcessorCount));
    }

    private static List<string> Expect(Variant variant, LoadResult result)
    {
        var refused = variant.Kind == VariantKind.SoldOut ? result.Requests - result.Refused : result.Refused;
        var wrong = new List<string>();
        if (refused > 0)
        {
            wrong.Add($"{variant.Name}: {refused} of {result.Requests} answers were not the expected one.");
        }

        if (result.Failed > 0)
        {
            wrong.Add($"{variant.Name}: {result.Failed} requests got no answer.");
        }

        return wrong;
    }

    private async Task<RowResult> ReadRowsAsync(
        Sale sale, LoadResult result, RunSampler sampler, List<string> wrong, CancellationToken cancellationToken)
    {
        wrong.AddRange(await site.CheckAsync(sale, result.Accepted, connections, cancellationToken));
        var (rows, perSecond, p50, p99) = await site.Stores.ReadRowsAsync("orders", sale.SaleId);
        return new RowResult(
            rows, perSecond, p50, p99, sampler.Mean, sampler.Maximum, sampler.Slope / (result.Accepted / result.Seconds), wrong);
    }

    private async Task<RowResult> ReadBaselineAsync(
        long saleId, LoadResult result, List<string> wrong, CancellationToken cancellationToken)
    {
        const string Table = "baseline.orders";
        var startedAt = Stopwatch.GetTimestamp();
        long last, now = -1;
        do
        {
            last = now;
            await Task.Delay(500, cancellationToken);
            now = await site.Stores.CountAsync(Table, saleId);
        }
        while ((now < result.Accepted || now != last) && Stopwatch.GetElapsedTime(startedAt) < s_baselineTimeout);
        var (rows, perSecond, p50, p99) = await site.Stores.ReadRowsAsync(Table, saleId);
        if (rows < result.Accepted || rows > result.Accepted + connections)
        {
            wrong.Add($"{result.Accepted} orders were accepted and {rows} have a row.");
        }

        return new RowResult(rows, perSecond, p50, p99, null, null, null, wrong);
    }
}
