using Seckill.OrderService.Orders;

namespace Seckill.OrderService.WarmUp;

/// <summary>
/// (6)(7) Places orders of an item that PostgreSQL does not have: no row comes of it, and the transaction is rolled back. Afterwards the
/// connections are open and the statement is prepared on each.
/// </summary>
internal sealed class RehearsedPlacement(
    OrderPlacement placement, StockLedger stock, SchemaMigrator schema, IOptions<PersistenceOptions> options, TimeProvider clock)
    : IRehearsal
{
    // Npgsql prepares a statement that a connection runs for the fifth time; and code is compiled again after its thirtieth call.
    private const int Rounds = 40;
    private const int OrdersInABatch = 64;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await schema.Done.WaitAsync(cancellationToken);
        var item = RehearsedItem.New();
        OrdersReserved batch = new(
            item.Item.SaleId, item.Item.SkuId, 1, RehearsedItem.Currency,
            [
                .. Enumerable.Range(0, OrdersInABatch).Select(number => new ReservedOrder(
                    NewId(), number + 1, 1, clock.GetUtcNow())),
            ]);
        await Task.WhenAll(Enumerable.Range(0, options.Value.ConcurrentTransactions).Select(async _ =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                await placement.TryPlaceAsync(batch, epoch: 0, cancellationToken);
                await stock.SettleAsync(item, batch.Orders.Select(order => order.OrderId));
            }
        }));
    }

    private static string NewId()
    {
        Span<byte> suffix = stackalloc byte[OrderId.SuffixLength];
        OrderId.FillSuffix(suffix);
        return OrderId.Join(RehearsedItem.Number, suffix);
    }
}
