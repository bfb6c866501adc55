using System.Diagnostics;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Verification;

namespace Seckill.OrderService.LegacyOrders.Writing;

/// <summary>
/// (8) One batch of the legacy outbox: claim, write, read back, compare, mark, all within one transaction of the new database. A worker
/// that dies anywhere leaves the entries, and the next one writes the batch again: the same rows, or newer ones.
/// </summary>
internal sealed class LegacyBatch(NpgsqlDataSource database, LegacyStore store, LegacyBreaker breaker, IOptions<LegacyOptions> options)
{
    private readonly RowWriter _writer = new(store);
    private double _lagSeconds;

    /// <summary>How long the oldest change of the last claim waited.</summary>
    public double LagSeconds => Volatile.Read(ref _lagSeconds);

    /// <summary>Writes the next changes.</summary>
    /// <returns>How many changes were written; 0 when none waits that another writer has not claimed.</returns>
    /// <exception cref="NpgsqlException">Either database failed; the entries wait as before.</exception>
    public async Task<int> WriteAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var claim = await LaneClaim.TakeAsync(connection, options.Value.MaxBatch, cancellationToken);
        var claimedAt = Stopwatch.GetTimestamp();
        Volatile.Write(ref _lagSeconds, claim.OldestSeconds);
        var orders = claim.Orders();
        var orderIds = orders.Select(order => order.Order.OrderId).ToArray();
        using var trace = BatchTrace.Start(
            "legacy write", ActivityKind.Client, null, claim.Count, await LegacyTraces.TakeAsync(connection, orderIds, cancellationToken));
        var mapped = orders.ConvertAll(claimed => (
            Row: LegacyMapping.ToLegacy(claimed.Order, out var obstacle), Obstacle: obstacle, claimed.IsPlaced, claimed.Forced));
        // Sorted, so that a statement that was sent into a freeze and this one cannot deadlock.
        var rows = mapped.Where(order => order.Row is not null).OrderBy(order => order.Row!.OrderSn, StringComparer.Ordinal)
            .Select(order => new LegacyWrite(order.Row!, order.IsPlaced, order.Forced)).ToList();
        // A breaker that waits for a probe gets one also when nothing waits. Otherwise readers would wait for the next change of an order.
        var differences = rows.Count == 0 && breaker.State == BreakerState.Closed
            ? [] : await WriteAndCompareAsync(rows, cancellationToken);
        if (claim.Count == 0)
        {
            return 0;
        }

        var verified = rows.Count - OrdersOf(differences);
        Finding[] findings = [.. mapped.Select(order => order.Obstacle).OfType<Finding>(), .. differences];
        await DiscrepancyStore.RecordAsync(connection, orderIds, findings, cancellationToken);
        await claim.RemoveAsync(connection, verified, cancellationToken);
        FailPoint.Reach("8-marked");
        await transaction.CommitAsync(cancellationToken);
        LegacyMetrics.Verified.Add(verified);
        LegacyMetrics.TimeToVerify.Record(claim.OldestSeconds + Stopwatch.GetElapsedTime(claimedAt).TotalSeconds);
        return claim.Count;
    }

    /// <summary>Writes and compares, and lets the breaker know how it went.</summary>
    private async Task<List<Finding>> WriteAndCompareAsync(List<LegacyWrite> rows, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        List<Finding> differences;
        try
        {
            FailPoint.Reach("8-claimed");
            differences = await _writer.WriteAsync(rows, cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            breaker.Failed(LegacyFailure.Describe(exception));
            throw;
        }

        if (Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds > options.Value.SlowBatchMilliseconds)
        {
            breaker.Failed($"a batch took longer than {options.Value.SlowBatchMilliseconds} ms");
        }
        else
        {
            breaker.Succeeded(rows.Count, OrdersOf(differences));
        }

        return differences;
    }

    private static int OrdersOf(IEnumerable<Finding> findings) => findings.Select(finding => finding.OrderId).Distinct().Count();
}
