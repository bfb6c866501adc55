using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Plan;

/// <summary>What a sale needs while its stock lasts, which is its hardest moment: the formula of docs/OPERATIONS.md (Capacity).</summary>
/// <param name="ClicksPerSecond">All clicks.</param>
/// <param name="AcceptedPerSecond">Orders, as long as there are units.</param>
/// <param name="Items">In the order of the sale.</param>
/// <param name="ApiCores">All APIs together, half of each core left as reserve.</param>
/// <param name="RedisPrimaries">Servers that must have slots, each with its replica.</param>
/// <param name="PostgresCores">Of one server.</param>
/// <param name="RabbitMqCores">Of one node: the one that leads the queue.</param>
/// <param name="WorkerCores">All workers together.</param>
/// <param name="Orders">When all is sold, if each order takes one unit.</param>
public sealed record CapacityPlan(
    double ClicksPerSecond, double AcceptedPerSecond, IReadOnlyList<ItemPlan> Items, double ApiCores, int RedisPrimaries,
    double PostgresCores, double RabbitMqCores, double WorkerCores, long Orders)
{
    /// <summary>How much of the one core with which Redis serves an item may be planned for.</summary>
    public const double RedisShare = 0.7;

    /// <summary>How much of a core of anything else.</summary>
    public const double CoreShare = 0.5;

    /// <summary>The item that Redis cannot serve as fast as it is asked for; null when there is none.</summary>
    public ItemPlan? Bottleneck =>
        Items.Where(item => item.AcceptedPerSecond < item.ClicksPerSecond).MaxBy(item => item.SecondsToSellOut);

    /// <summary>Calculates it.</summary>
    /// <param name="sale">Its items and their units.</param>
    /// <param name="costs">Of a request.</param>
    /// <param name="clicks">In all, at least one.</param>
    /// <param name="seconds">In which they come, evenly.</param>
    /// <param name="hottestShare">Share of the clicks on the item with the most units, 0 to 1; null for a share like its units.</param>
    public static CapacityPlan Of(Sale sale, RequestCosts costs, long clicks, double seconds, double? hottestShare)
    {
        var rate = clicks / seconds;
        var mostOfRedis = RedisShare * 1e6 / costs.Redis;
        ItemPlan[] items = [.. Shares(sale, hottestShare).Select(item =>
        {
            var asked = rate * item.Share;
            var accepted = Math.Min(asked, mostOfRedis);
            return new ItemPlan(item.Item.SkuId, item.Item.Allocated, asked, accepted, item.Item.Allocated / accepted);
        })];
        var sold = items.Sum(item => item.AcceptedPerSecond);
        var refused = rate - sold;
        return new CapacityPlan(
            rate, sold, items, ((sold * costs.AcceptedAtApi) + (refused * costs.RefusedAtApi)) / 1e6 / CoreShare,
            Math.Min(items.Length, Math.Max(1, (int)Math.Ceiling(sold / mostOfRedis))), sold * costs.Postgres / 1e6 / CoreShare,
            sold * costs.RabbitMq / 1e6 / CoreShare, sold * costs.Worker / 1e6 / CoreShare,
            items.Sum(item => Math.Min(item.Units, clicks)));
    }

    private static IEnumerable<(SaleItem Item, double Share)> Shares(Sale sale, double? hottestShare)
    {
        var units = sale.Items.Sum(item => (double)item.Allocated);
        var hottest = sale.Items.MaxBy(item => item.Allocated)!;
        var others = units - hottest.Allocated;
        return sale.Items.Select(item => (item,
            hottestShare is not { } share || others == 0 ? item.Allocated / units
                : item == hottest ? share : (1 - share) * item.Allocated / others));
    }
}

/// <summary>An item of the sale.</summary>
/// <param name="SkuId">Its SKU.</param>
/// <param name="Units">For sale.</param>
/// <param name="ClicksPerSecond">On it.</param>
/// <param name="AcceptedPerSecond">As many as Redis may be planned for, or as there are clicks.</param>
/// <param name="SecondsToSellOut">At that rate.</param>
public sealed record ItemPlan(long SkuId, long Units, double ClicksPerSecond, double AcceptedPerSecond, double SecondsToSellOut);
