using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Verification;
using Seckill.OrderService.Orders;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.LegacyOrders.Reading;

/// <summary>
/// The read cut-over: in mode dual, some users get their order from the legacy row. Whatever is wrong with it (missing, different,
/// slow, breaker open) they get ours instead, after a bounded wait, and the order is looked at again in the background.
/// </summary>
internal sealed class LegacyReads(
    LegacyStore store, OrderVerification verification, DualWriteControl control, LegacyBreaker breaker, IOptions<LegacyOptions> options)
    : BackgroundService
{
    private static readonly TimeSpan s_betweenProbes = TimeSpan.FromMilliseconds(250);
    private readonly Channel<string> _doubtful = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1_000) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The order as this user is to see it.</summary>
    public async Task<OrderView> ReadAsync(OrderView ours, long userId, CancellationToken cancellationToken)
    {
        var settings = control.Current;
        if (ours.Status == OrderStatus.Reserved || !settings.ReadsLegacy(userId))
        {
            return ours;
        }

        // Buyers are no probes: a breaker that is not closed is closed by the probes below.
        if (settings.OtherBreakerIsOpen || breaker.State != BreakerState.Closed)
        {
            return Answer("breaker", ours);
        }

        LegacyRow? row;
        try
        {
            var patience = TimeSpan.FromMilliseconds(options.Value.ReadPatienceMilliseconds);
            var rows = await store.ReadAsync([ours.OrderId], CancellationToken.None).WaitAsync(patience, cancellationToken);
            row = rows.GetValueOrDefault(ours.OrderId);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            breaker.Failed();
            return Answer("failed", ours);
        }

        // What differs may only be on its way; the second look decides whether it counts.
        breaker.Succeeded(0, 0);
        if (row is not null && Theirs(row, ours, userId) is { } theirs && theirs == ours)
        {
            return Answer("legacy", theirs);
        }

        _doubtful.Writer.TryWrite(ours.OrderId);
        return Answer(row is null ? "missing" : "different", ours);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(LookAgainAsync(stoppingToken), ProbeAsync(stoppingToken));

    /// <summary>
    /// Closes the breaker of a process that only reads. Without it, two APIs whose breakers are open would wait for each other.
    /// </summary>
    private async Task ProbeAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (control.Current.Writes && breaker.State != BreakerState.Closed && breaker.TryEnter())
                {
                    await store.ReadAsync([], stoppingToken);
                    breaker.Succeeded(0, 0);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                breaker.Failed();
            }

            await Task.Delay(s_betweenProbes, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAgainAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _doubtful.Reader.WaitToReadAsync(stoppingToken))
            {
                var ids = new HashSet<string>();
                while (ids.Count < 500 && _doubtful.Reader.TryRead(out var id))
                {
                    ids.Add(id);
                }

                if (breaker.State != BreakerState.Closed)
                {
                    continue;
                }

                try
                {
                    var result = await verification.VerifyAsync(ids, stoppingToken);
                    breaker.Succeeded(result.Verified + result.Mismatched, result.Mismatched);
                }
                catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
                {
                    breaker.Failed();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops; the continuous verifier finds what was not looked at.
        }
    }

    private static OrderView? Theirs(LegacyRow row, OrderView ours, long userId)
    {
        var known = new OrderSnapshot(
            ours.OrderId, ours.SaleId, ours.SkuId, userId, ours.Quantity, ours.UnitPrice, ours.Currency, ours.Status.ToText(),
            ours.ReservedAt.UtcDateTime, null, 0);
        var theirs = LegacyMapping.FromLegacy(row, known);
        return theirs is null || theirs.UserId != userId || row.AddTime != ours.ReservedAt.ToUnixTimeSeconds()
            ? null
            : ours with
            {
                Status = OrderStatusText.Parse(theirs.Status), SaleId = theirs.SaleId, SkuId = theirs.SkuId, Quantity = theirs.Quantity,
                UnitPrice = theirs.UnitPrice,
            };
    }

    private static OrderView Answer(string by, OrderView order)
    {
        LegacyMetrics.Reads.Add(1, new KeyValuePair<string, object?>("by", by));
        return order;
    }
}
