namespace Seckill.InventoryService.Rebuild;

/// <summary>State of a rebuild.</summary>
[JsonConverter(typeof(RebuildStateConverter))]
public enum RebuildState
{
    /// <summary>It begins in a moment, or after a failed attempt begins again.</summary>
    Waiting,
    /// <summary>A process works on it. When the process dies, another one continues.</summary>
    Running,
    /// <summary>The item sells again, or stays closed by hand.</summary>
    Done,
    /// <summary>The last attempt failed, and the item stays stopped.</summary>
    Failed,
}

/// <summary>Writes the states as words.</summary>
internal sealed class RebuildStateConverter() : JsonStringEnumConverter<RebuildState>(JsonNamingPolicy.KebabCaseLower);

/// <summary>The rebuild of a sale item.</summary>
/// <param name="Epoch">When done: number of rebuilds so far, plus one.</param>
/// <param name="Available">When done: units for sale at that moment.</param>
/// <param name="Held">When done: units of live orders at that moment.</param>
/// <param name="State">Its state.</param>
/// <param name="Step">While it runs: <c>drain</c> waits for accepted orders, <c>restore</c> restores orders in Redis.</param>
/// <param name="LiveUnits">Units of live orders when the restore began.</param>
/// <param name="RestoredUnits">Units of the orders restored so far, about once a second.</param>
/// <param name="Failures">Failed attempts.</param>
/// <param name="Error">Why the last attempt failed, if it did.</param>
/// <param name="FinishedAt">UTC; missing until it is done or failed.</param>
public sealed record ItemRebuild(
    long SkuId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Epoch,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Available,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Held,
    RebuildState State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Step,
    int LiveUnits, int RestoredUnits, int Failures,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? FinishedAt);

/// <summary>The last rebuild of a sale.</summary>
/// <param name="State">Running until every item is done or failed; failed when an item is.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="FinishedAt">UTC; missing while it runs.</param>
/// <param name="Done">Items that are done.</param>
/// <param name="Failed">Items that failed.</param>
/// <param name="Error">Of the first item whose last attempt failed, if any.</param>
/// <param name="Items">One entry for each item.</param>
public sealed record SaleRebuild(
    long SaleId, RebuildState State, DateTimeOffset StartedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? FinishedAt,
    int Done, int Failed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error,
    IReadOnlyList<ItemRebuild> Items)
{
    internal static SaleRebuild Of(long saleId, IReadOnlyList<RebuildRow> rows)
    {
        var isFinished = rows.All(row => row.FinishedAt is not null);
        var (done, failed) = (rows.Count(row => row.State == RebuildState.Done), rows.Count(row => row.State == RebuildState.Failed));
        var broken = rows.FirstOrDefault(row => row.Error is not null);
        return new SaleRebuild(
            saleId, !isFinished ? RebuildState.Running : failed > 0 ? RebuildState.Failed : RebuildState.Done, rows[0].StartedAt,
            isFinished ? rows.Max(row => row.FinishedAt) : null, done, failed,
            broken is null ? null : $"SKU {broken.SkuId}: {broken.Error}",
            [
                .. rows.Select(row => new ItemRebuild(
                    row.SkuId, row.Epoch, row.Available, row.Held, row.State, row.Step, row.LiveUnits, row.RestoredUnits,
                    row.Failures, row.Error, row.FinishedAt)),
            ]);
    }
}

/// <summary>A row of <c>rebuilds</c>.</summary>
internal sealed record RebuildRow(
    long SkuId, DateTimeOffset StartedAt, int Failures, string? Step, int LiveUnits, int RestoredUnits, string? Error, int? Epoch,
    int? Available, int? Held, DateTimeOffset? FinishedAt)
{
    public RebuildState State => this switch
    {
        { FinishedAt: null, Step: null } => RebuildState.Waiting,
        { FinishedAt: null } => RebuildState.Running,
        { Error: null } => RebuildState.Done,
        _ => RebuildState.Failed,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(SaleRebuild))]
internal sealed partial class RebuildJson : JsonSerializerContext;
