namespace Seckill.LoadTests.Bench;

/// <summary>One thing to measure.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Meaning">In half a line.</param>
/// <param name="Variable">Environment variable with the base address of the process that is measured.</param>
/// <param name="Path">Of the request.</param>
/// <param name="Kind">What happens to an order.</param>
public sealed record Variant(string Name, string Meaning, string Variable, string Path, VariantKind Kind)
{
    /// <summary>All of them, in the order of their turns.</summary>
    public static readonly IReadOnlyList<Variant> All =
    [
        new("empty", "same host, checks and body, a constant 202: the ceiling", "BENCH_EMPTY", "orders", VariantKind.Empty),
        new("accept", "orders reserved, published, persisted", "BENCH_API", "orders", VariantKind.Accept),
        new("sold-out", "refusals after the last unit", "BENCH_API", "orders", VariantKind.SoldOut),
        new(
            "per-order", "one Lua call, one confirmed message, one transaction an order",
            "BENCH_PER_ORDER", "orders", VariantKind.Baseline),
        new("row-lock", "one PostgreSQL transaction an order", "BENCH_ROW_LOCK", "orders", VariantKind.Baseline),
    ];
}

/// <summary>What happens to the orders of a variant.</summary>
public enum VariantKind
{
    /// <summary>Nothing.</summary>
    Empty,

    /// <summary>Each becomes a row of the real system.</summary>
    Accept,

    /// <summary>Each is refused.</summary>
    SoldOut,

    /// <summary>Each becomes a row of a baseline.</summary>
    Baseline,
}
