namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>A row of <c>t_order</c>. Nullable, and wider than its columns, because other departments own the table.</summary>
/// <param name="OrderAmount">As PostgreSQL prints it: <c>numeric</c> has values, like NaN, that no number type here has.</param>
internal sealed record LegacyRow(
    string OrderSn, long? Uid, long? GoodsId, long? ActivityId, long? Num, string? OrderAmount, long? OrderStatus,
    long? AddTime, long? PayTime, long? IsDelete);

/// <summary>A row to be written.</summary>
/// <param name="Row">One for each order.</param>
/// <param name="IsPlaced">The table cannot have the row yet, unless a writer died after it wrote.</param>
/// <param name="Forced">A repair overwrites what is there.</param>
internal readonly record struct LegacyWrite(LegacyRow Row, bool IsPlaced, bool Forced);
