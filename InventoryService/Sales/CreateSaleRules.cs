using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.Sales;

/// <summary>What a sale must be like before anything is stored.</summary>
internal static class CreateSaleRules
{
    private const int LongestName = 200;
    private const int LongestPaymentTimeoutSeconds = 7 * 24 * 3600;
    private const int MostItems = 1_000;
    private const int MostGroupPlaces = 1_000_000;
    private const int LongestBeacon = 200;
    private const int ShortestPassSeconds = 5;
    private const int LongestPassSeconds = 3_600;
    private const int FirstYear = 1970;
    private const int LastYear = 9999;

    // The orders of a buyer are one string in Redis, written again with each order: 33 bytes for each, so 3.3 KB at most.
    // docs/decisions/0031 has the reasons.
    public const int MostPerUser = 100;

    /// <summary>Most orders that a user may ever make of an item, where there is a cap: beyond, it caps nothing.</summary>
    public const int MostOrdersPerUser = 1_000;

    /// <summary>A day: a longer cool-down outlasts the sale, as a cap of one order does.</summary>
    public const int LongestCoolDownSeconds = 24 * 3600;

    /// <summary>Of an item, whatever is added to it later.</summary>
    public const int MostUnits = 1_000_000_000;

    /// <summary>What a beacon and its name must be like.</summary>
    public static string BeaconRule { get; } = $"this must have 1 to {LongestBeacon} characters, none of them a control character";

    /// <summary>True for such a text.</summary>
    public static bool IsBeacon(string text) => text.Trim().Length > 0 && text.Length <= LongestBeacon && !text.Any(char.IsControl);

    /// <summary>What is wrong, by field; empty when nothing is.</summary>
    public static Dictionary<string, string> Check(CreateSale sale)
    {
        var errors = new Dictionary<string, string>();
        Rule("saleId", sale.SaleId is > 0, "this must be a positive integer");
        Rule("name", sale.Name?.Trim() is { Length: > 0 } name && name.EnumerateRunes().Count() <= LongestName && !name.Any(char.IsControl),
            $"this must have 1 to {LongestName} characters, none of them a control character");
        Rule("opensAt", IsStorable(sale.OpensAt), $"this must be an RFC 3339 time with an offset, in the years {FirstYear} to {LastYear}");
        // In the milliseconds by which Redis decides; a shorter window would never sell.
        Rule("closesAt", IsStorable(sale.ClosesAt) && sale.ClosesAt?.ToUnixTimeMilliseconds() > sale.OpensAt?.ToUnixTimeMilliseconds(),
            $"this must be an RFC 3339 time, at least a millisecond after opensAt, and not after the year {LastYear}");
        Rule("paymentTimeoutSeconds", sale.PaymentTimeoutSeconds is > 0 and <= LongestPaymentTimeoutSeconds,
            $"this must be 1 to {LongestPaymentTimeoutSeconds}");
        CheckRoom(sale, Rule);
        if (sale.Items is not { Count: > 0 and <= MostItems })
        {
            errors["items"] = $"there must be 1 to {MostItems} items";
            return errors;
        }

        for (var i = 0; i < sale.Items.Count; i++)
        {
            var item = sale.Items[i];
            Rule($"items[{i}]", item is not null, "this must be an object");
            Rule($"items[{i}].skuId", item?.SkuId is > 0, "this must be a positive integer");
            Rule($"items[{i}].allocated", item?.Allocated is >= 0 and <= MostUnits, $"this must be an integer, 0 to {MostUnits}");
            Rule($"items[{i}].limitPerUser", item?.LimitPerUser is > 0 and <= MostPerUser, $"this must be an integer, 1 to {MostPerUser}");
            Rule($"items[{i}].ordersPerUser", item?.OrdersPerUser is null or (>= 0 and <= MostOrdersPerUser),
                $"this must be an integer, 0 to {MostOrdersPerUser}");
            Rule($"items[{i}].coolDownSeconds", item?.CoolDownSeconds is null or (>= 0 and <= LongestCoolDownSeconds),
                $"this must be an integer, 0 to {LongestCoolDownSeconds}");
            // An order of nothing, or of more than fits, could be placed and never paid.
            Rule($"items[{i}].unitPrice", item?.UnitPrice is > 0 && item.UnitPrice <= long.MaxValue / MostUnitsOfAnOrder(item),
                "this must be a positive integer, in minor units, and a whole order must fit 64 bits");
            Rule($"items[{i}].currency", item?.Currency is { Length: 3 } code && code.All(char.IsAsciiLetterUpper),
                "this must be an ISO 4217 code in capital letters");
        }

        var repeated = sale.Items.GroupBy(item => item?.SkuId).FirstOrDefault(group => group.Key is not null && group.Count() > 1);
        Rule("items", repeated is null, $"SKU {repeated?.Key} stands in it more than once");
        return errors;

        static int MostUnitsOfAnOrder(CreateSaleItem item) => Math.Clamp(item.LimitPerUser ?? 1, 1, MostUnits);

        void Rule(string field, bool holds, string otherwise)
        {
            if (!holds)
            {
                errors[field] = otherwise;
            }
        }
    }

    // The first and the last instant of .NET's calendar are infinities in PostgreSQL, which is no time to count down to.
    private static bool IsStorable(DateTimeOffset? time) =>
        time?.UtcDateTime is { Year: >= FirstYear } utc && utc < DateTime.MaxValue.AddMilliseconds(-1);

    private static void CheckRoom(CreateSale sale, Action<string, bool, string> rule)
    {
        if (sale.WaitingRoom is not { } room)
        {
            return;
        }

        rule("waitingRoom.opensAt", room.OpensAt is null || (IsStorable(room.OpensAt) && !(room.OpensAt > sale.OpensAt)),
            "this must be an RFC 3339 time with an offset, not after opensAt");
        rule("waitingRoom.admitPerSecond", room.AdmitPerSecond is null or (>= 1 and <= CreateWaitingRoom.MostPerSecond),
            $"this must be an integer, 1 to {CreateWaitingRoom.MostPerSecond}");
        rule("waitingRoom.passSeconds", room.PassSeconds is null or (>= ShortestPassSeconds and <= LongestPassSeconds),
            $"this must be an integer, {ShortestPassSeconds} to {LongestPassSeconds}");
        rule("waitingRoom.workBits", room.WorkBits is null or (>= 0 and <= QueueWork.MaximumBits),
            $"this must be an integer, 0 to {QueueWork.MaximumBits}");
        rule("waitingRoom.groupLimit", room.GroupLimit is null or (>= 0 and <= MostGroupPlaces),
            $"this must be an integer, 0 to {MostGroupPlaces}");
        rule("waitingRoom.beaconName", room.BeaconName is null || IsBeacon(room.BeaconName), BeaconRule);
    }
}
