using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.Ordering;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>
/// The read cut-over: in mode dual, some users get their order from the legacy row. Whatever is wrong with it (missing, different,
/// slow, breaker open) they get ours instead, after a bounded wait, and the order is looked at again in the background.
/// </summary>
internal sealed class LegacyReads(
    LegacyStore store, OrderVerification verification, DualWriteControl control, LegacyBreaker breaker, IOptions<LegacyOptions> options)
    : BackgroundService
{
    private readonly Channel<string> _doubtful = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1_000) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The order as this user is to see it.</summary>
    public async Task<OrderView> ReadAsync(OrderView ours, long userId, CancellationToken cancellationToken)
    {
        var settings = control.Current;
        if (ours.Status == "reserved" || !settings.ReadsLegacy(userId))
        {
            return ours;
        }

        if (settings.OtherBreakerIsOpen || !breaker.TryEnter())
        {
            return Answer("breaker", ours);
        }

        LegacyRow? row;
        try
        {
            var patience = TimeSpan.FromMilliseconds(options.Value.ReadPatienceMilliseconds);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            stop.CancelAfter(patience);
            // The token frees the connection; the wait bounds the request, for a cancellation may take a while, too.
            row = (await store.ReadAsync([ours.OrderId], stop.Token).WaitAsync(patience, cancellationToken))
                .GetValueOrDefault(ours.OrderId);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            breaker.Failed();
            return Answer("failed", ours);
        }
        catch (OperationCanceledException)
        {
            breaker.Abandoned();
            throw;
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

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
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

                try
                {
                    var result = await verification.VerifyAsync(ids, stoppingToken);
                    breaker.Succeeded(result.Verified + result.Mismatched, result.Mismatched);
                }
                catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
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
            ours.OrderId, ours.SaleId, ours.SkuId, userId, ours.Quantity, ours.UnitPrice, ours.Currency, ours.Status,
            ours.ReservedAt.UtcDateTime, null, 0);
        var theirs = LegacyMapping.FromLegacy(row, known);
        return theirs is null || theirs.UserId != userId || row.AddTime != ours.ReservedAt.ToUnixTimeSeconds()
            ? null
            : ours with
            {
                Status = theirs.Status, SaleId = theirs.SaleId, SkuId = theirs.SkuId, Quantity = theirs.Quantity,
                UnitPrice = theirs.UnitPrice,
            };
    }

    private static OrderView Answer(string by, OrderView order)
    {
        LegacyMetrics.LegacyReads.Add(1, new KeyValuePair<string, object?>("by", by));
        return order;
    }
}
