namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>A row of <c>t_order</c>. Nullable, and wider than its columns, because the table belongs to others.</summary>
/// <param name="OrderAmount">As PostgreSQL prints it: <c>numeric</c> has values, like NaN, that no number type here has.</param>
internal sealed record LegacyRow(
    string OrderSn, long? Uid, long? GoodsId, long? ActivityId, long? Num, string? OrderAmount, long? OrderStatus,
    long? AddTime, long? PayTime, long? IsDelete);

/// <summary>A row to be written.</summary>
/// <param name="Row">One for each order.</param>
/// <param name="IsPlaced">The table cannot have it yet, unless a writer died on the way.</param>
/// <param name="Forced">A repair wants it as it is, whatever stands there.</param>
internal readonly record struct LegacyWrite(LegacyRow Row, bool IsPlaced, bool Forced);

/// <summary>A field in which the two disagree.</summary>
/// <param name="Field">Column of <c>t_order</c>.</param>
/// <param name="Ours">What it should be.</param>
/// <param name="Theirs">What it is; null when there is nothing.</param>
internal readonly record struct FieldDifference(string Field, string? Ours, string? Theirs);
