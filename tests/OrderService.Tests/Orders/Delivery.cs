using System.Reflection;
using MassTransit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.Orders;
using Seckill.Shared.Contracts;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>A delivery of which the consumer may read the message, its signature and the token, and nothing else.</summary>
public class Delivery : DispatchProxy
{
    private static readonly MessageSignature s_signature = new(DevelopmentKeys.Ops);
    private OrdersReserved? _message;
    private Headers? _headers;

    internal static ConsumeContext<OrdersReserved> Of(OrdersReserved message) => Of(message, s_signature.Sign(message));

    /// <param name="signature">Null for none.</param>
    internal static ConsumeContext<OrdersReserved> Of(OrdersReserved message, string? signature)
    {
        var context = Create<ConsumeContext<OrdersReserved>, Delivery>();
        var delivery = (Delivery)(object)context;
        delivery._message = message;
        delivery._headers = Create<Headers, OneHeader>();
        ((OneHeader)(object)delivery._headers).Value = signature;
        return context;
    }

    /// <summary>The worker's own, on the real stores.</summary>
    /// <param name="database">That of all tests when there is none.</param>
    internal static OrdersReservedConsumer Consumer(NpgsqlDataSource? database = null)
    {
        var orders = database ?? Servers.Orders;
        var quarantine = new OrderQuarantine(orders);
        var persistence = new OrderPersistence(
            new OrderPlacement(orders), quarantine, orders, TestItem.Ledger, new HoldRestorer(orders, new StockRepair(Servers.Redis)),
            new SaleActivity(TimeProvider.System), Servers.Clocks, NullLogger<OrderPersistence>.Instance);
        return new OrdersReservedConsumer(
            new PlacementQueue(persistence, Options.Create(new PersistenceOptions())), s_signature,
            new UnsignedMessages(TestItem.Ledger, orders, quarantine, NullLogger<UnsignedMessages>.Instance));
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        "get_Message" => _message,
        "get_Headers" => _headers,
        "get_CancellationToken" => CancellationToken.None,
        var other => throw new NotSupportedException(other),
    };

    /// <summary>The headers of a message that has a signature at most.</summary>
    public class OneHeader : DispatchProxy
    {
        internal string? Value { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            args is [MessageSignature.Header, ..] ? Value : null;
    }
}
