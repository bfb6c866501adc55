namespace Seckill.LoadTests.Client;

/// <summary>What the service says of a rebuild: <c>running</c>, <c>done</c> or <c>failed</c>.</summary>
internal sealed record RebuildJob(string State, IReadOnlyList<RebuildJobItem> Items);

/// <summary>An item of it, and why its last attempt failed, if it did.</summary>
internal sealed record RebuildJobItem(long SkuId, string? Error);
