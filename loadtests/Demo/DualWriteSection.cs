using System.Diagnostics;
using Dapper;
using Npgsql;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Demo;

/// <summary>
/// Turns the dual write on for a demonstration, watches how the legacy database follows, and compares the two tables itself: the
/// service's own figures prove nothing.
/// </summary>
public sealed class DualWriteSection : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);
    private readonly OpsClient _client;
    private readonly CancellationTokenSource _over = new();
    private readonly string? _legacy;
    private readonly string _before;
    private readonly bool _isOn;
    private readonly Task _watching;
    private DualWriteView? _last;
    private long _lastChange;
    private double _maximumLagSeconds;

    private DualWriteSection(OpsClient client, string? legacy, string before, bool isOn)
    {
        (_client, _legacy, _before, _isOn) = (client, legacy, before, isOn);
        _watching = isOn ? WatchAsync() : Task.CompletedTask;
    }

    /// <summary>Turns the dual write on, unless there is no legacy database or it is retired.</summary>
    public static async Task<DualWriteSection> BeginAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        var legacy = Environment.GetEnvironmentVariable("ConnectionStrings__Legacy");
        var client = new OpsClient(target.DualWrite, target.OpsKey);
        var before = (await client.DualWriteAsync(cancellationToken)).Mode;
        var isOn = !string.IsNullOrEmpty(legacy)
            && (before is "shadow" or "dual" || (before == "off" && await client.SwitchDualWriteAsync("shadow", cancellationToken)));
        return new DualWriteSection(client, legacy, before, isOn);
    }

    /// <summary>Waits until the legacy database has followed, and compares.</summary>
    /// <param name="orders">Connection string of the order database.</param>
    /// <param name="saleId">Whose orders.</param>
    /// <param name="lastPromise">Stopwatch timestamp of the last 202.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<ResultSection> CreateAsync(
        string orders, long saleId, long lastPromise, CancellationToken cancellationToken)
    {
        const string Title = "What the old schema says";
        if (!_isOn)
        {
            return new ResultSection(Title, [new("Dual write", _before, "no legacy database, or retired")]);
        }

        var startedAt = Stopwatch.GetTimestamp();
        var (verified, mismatched, missing, unsettled) = await CompareAsync(orders, saleId, cancellationToken);
        while (unsettled + mismatched + missing > 0 && Stopwatch.GetElapsedTime(startedAt) < s_timeout)
        {
            await Task.Delay(s_interval, cancellationToken);
            (verified, mismatched, missing, unsettled) = await CompareAsync(orders, saleId, cancellationToken);
        }

        // Lets the watch see the last verification.
        await Task.Delay(2 * s_interval, cancellationToken);
        var took = lastPromise != 0 && Volatile.Read(ref _lastChange) > lastPromise
            ? Stopwatch.GetElapsedTime(lastPromise, _lastChange) : TimeSpan.Zero;
        return new ResultSection(Title,
        [
            new("Verified", Amount.Text(verified), $"of {Amount.Text(verified + mismatched + missing)} orders, in every field",
                unsettled == 0 ? RowVerdict.Right : RowVerdict.Wrong),
            new("Mismatched", Amount.Text(mismatched), "not what the order is", Verdict(mismatched)),
            new("Missing", Amount.Text(missing), "found nowhere", Verdict(missing)),
            new("Lag", Amount.Text(TimeSpan.FromSeconds(_maximumLagSeconds)), "the longest that a change waited"),
            new("Last order verified", Amount.Text(took), "after the last buyer heard yes"),
        ]);
    }

    /// <summary>Restores the mode.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching;
        if (_isOn && _before == "off")
        {
            await _client.SwitchDualWriteAsync("off", CancellationToken.None);
        }

        _over.Dispose();
        _client.Dispose();
    }

    private static RowVerdict Verdict(long wrong) => wrong == 0 ? RowVerdict.Right : RowVerdict.Wrong;

    private async Task WatchAsync()
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                var view = await _client.DualWriteAsync(_over.Token);
                if (view.Verified != _last?.Verified)
                {
                    Volatile.Write(ref _lastChange, Stopwatch.GetTimestamp());
                }

                (_last, _maximumLagSeconds) = (view, Math.Max(_maximumLagSeconds, view.LagSeconds));
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                // An API that is down fails the other sections.
            }

            await Task.Delay(s_interval, _over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Unsettled: orders that wait in the legacy outbox, or have an open discrepancy.
    private async Task<(long Verified, long Mismatched, long Missing, long Unsettled)> CompareAsync(
        string orders, long saleId, CancellationToken cancellationToken)
    {
        await using var source = new NpgsqlConnection(orders);
        await using var legacy = new NpgsqlConnection(_legacy);
        var expected = await source.QueryAsync<Row>(new CommandDefinition(
            """
            select order_id as Id, user_id as Uid, sku_id as GoodsId, quantity::bigint as Num, unit_price * quantity as Cents,
              case status when 'placed' then 0 when 'paid' then 1 when 'cancelled' then 2 when 'expired' then 3 else 9 end::bigint
                as Status,
              floor(extract(epoch from reserved_at))::bigint as AddTime,
              coalesce(floor(extract(epoch from paid_at)), 0)::bigint as PayTime
            from orders
            where sale_id = @saleId
            """,
            new { saleId },
            cancellationToken: cancellationToken));
        var unsettled = await source.ExecuteScalarAsync<long>(new CommandDefinition(
            """
            select count(*)
            from orders o
            where sale_id = @saleId and (
              exists (select from legacy_outbox w where o.order_id = any(w.order_ids))
              or exists (select from legacy_discrepancies d where d.order_id = o.order_id and d.resolved_at is null))
            """,
            new { saleId },
            cancellationToken: cancellationToken));
        var there = (await legacy.QueryAsync<Row>(new CommandDefinition(
            """
            select order_sn::text as Id, uid::bigint as Uid, goods_id::bigint as GoodsId, num::bigint as Num,
              (order_amount * 100)::bigint as Cents, order_status::bigint as Status, add_time::bigint as AddTime,
              pay_time::bigint as PayTime
            from t_order
            where activity_id = @saleId and is_delete = 0
            """,
            new { saleId },
            cancellationToken: cancellationToken))).ToDictionary(row => row.Id);
        var (verified, mismatched, missing) = (0L, 0L, 0L);
        foreach (var row in expected)
        {
            if (!there.TryGetValue(row.Id, out var found))
            {
                missing++;
            }
            else if (found == row)
            {
                verified++;
            }
            else
            {
                mismatched++;
            }
        }

        return (verified, mismatched, missing, unsettled);
    }

    private sealed record Row(string Id, long Uid, long GoodsId, long Num, long Cents, long Status, long AddTime, long PayTime);
}
