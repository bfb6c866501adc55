using System.Globalization;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Plan;

/// <summary>A plan as people read it.</summary>
internal static class PlanPage
{
    // docs/size.md: 480 bytes for each hold, and the append-only file beside it while it is rewritten.
    private const double RedisBytesOfOrder = 480;
    // docs/OPERATIONS.md: a safe estimate of an order's row with its indexes.
    private const double PostgresBytesOfOrder = 1_024;
    // OutboxBound of Reservations, by default.
    private const double OutboxBound = 100_000;
    private const int ConnectionsOfProcess = 20;
    private const int ConnectionsForPeople = 20;

    /// <param name="plan">What is shown.</param>
    /// <param name="machineCores">Cores of a machine.</param>
    public static IReadOnlyList<ResultSection> Sections(CapacityPlan plan, int machineCores)
    {
        // Two of each, because one may fail.
        var (apis, workers) = (Machines(plan.ApiCores, machineCores) + 1, Math.Max(2, (int)Math.Ceiling(plan.WorkerCores)));
        return
        [
            new("The sale", [
                new("Clicks", Amount.Text(plan.ClicksPerSecond) + "/s", "evenly; a crowd that comes in half the time needs twice as much"),
                new("Orders", Amount.Text(plan.AcceptedPerSecond) + "/s", "while there are units"),
                .. plan.Items.OrderByDescending(item => item.SecondsToSellOut).Take(5).Select(item => new ResultRow(
                    $"SKU {item.SkuId}", Seconds(item.SecondsToSellOut),
                    $"until its {Amount.Text(item.Units)} units are gone, at {Amount.Text(item.AcceptedPerSecond)}/s")),
            ]),
            new("Machines", [
                new("APIs", $"{apis} × {machineCores} cores", $"{Number(plan.ApiCores)} cores, and one machine in reserve"),
                new("Redis", $"{plan.RedisPrimaries} × 2 cores", "primaries, each with a replica; a fast disk, a core serves an item"),
                new("PostgreSQL", $"2 × {Math.Max(2, (int)Math.Ceiling(plan.PostgresCores))} cores", "primary and synchronous standby"),
                new("RabbitMQ", $"3 × {Math.Max(2, (int)Math.Ceiling(plan.RabbitMqCores))} cores", "three nodes of one cluster"),
                new("Workers", $"{workers} × 1 core", $"{Number(plan.WorkerCores)} cores"),
                new("InventoryServices", "2 × 1 core", "one does the work, one is ready"),
                new("Redis memory", Megabytes(plan.Orders * RedisBytesOfOrder * 2), "the orders, and as much to rewrite its file"),
                new("PostgreSQL disk", Megabytes(plan.Orders * PostgresBytesOfOrder), "for the orders, without the log"),
            ]),
            new("Limits to raise", [.. Limits(plan, apis, workers)]),
            new("First bottleneck", [Bottleneck(plan)]),
        ];
    }

    private static IEnumerable<ResultRow> Limits(CapacityPlan plan, int apis, int workers)
    {
        var connections = ((apis + workers + 2) * ConnectionsOfProcess) + ConnectionsForPeople;
        yield return new("max_connections", Amount.Text(connections), "of PostgreSQL; or Maximum Pool Size=5 for the APIs, or a pooler");
        yield return new(
            "Open files", Amount.Text(1_000 + (plan.ClicksPerSecond / apis)), "of each API: a second of clicks, one connection each");
        yield return new("RateLimits:TrustedProxies", "set it", "else all buyers share the limit of the balancer's address");
        if (plan.Items.Max(item => item.Units) is var units && units > OutboxBound)
        {
            yield return new("Reservations:OutboxBound", Amount.Text(units), "so that a sell-out goes on while PostgreSQL is down");
        }
    }

    private static ResultRow Bottleneck(CapacityPlan plan) => plan.Bottleneck is { } item
        ? new($"SKU {item.SkuId}", Amount.Text(item.AcceptedPerSecond) + "/s",
            $"{Amount.Text(item.ClicksPerSecond)} clicks a second; Redis serves an item with one core. More machines do not help: "
            + "buyers wait, or a waiting room lets them in")
        : new("APIs", Number(plan.ApiCores) + " cores", "the other parts are less busy; APIs are added without limit");

    private static int Machines(double cores, int machineCores) => Math.Max(1, (int)Math.Ceiling(cores / machineCores));

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Seconds(double value) => Number(value) + " s";

    private static string Megabytes(double bytes) => Amount.Text(Math.Ceiling(bytes / 1_000_000)) + " MB";
}
