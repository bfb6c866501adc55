using MassTransit;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Orders;

/// <summary>(6) Takes a message from the queue, and acknowledges it when its orders are persisted.</summary>
internal sealed class OrdersReservedConsumer(PlacementQueue queue, MessageSignature signature, UnsignedMessages unsigned)
    : IConsumer<OrdersReserved>
{
    public async Task Consume(ConsumeContext<OrdersReserved> context)
    {
        var batch = signature.IsValid(context.Headers.Get<string>(MessageSignature.Header), context.Message)
            ? context.Message : await unsigned.KeepKnownAsync(context.Message, context.CancellationToken);
        if (batch.Orders.Count > 0)
        {
            await queue.PersistAsync(batch, OrderTraces.Read(context)).WaitAsync(context.CancellationToken);
        }
    }
}
