using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.Tests.LegacyOrders.Database;

/// <summary>
/// The mapping loses nothing: an order that the legacy schema can hold comes back as it was, and a value that it cannot hold is named and
/// never cut to size. Broken by a limit that is off by one, a rounding, an overflow. A failure prints the seed, and
/// <c>SECKILL_PROPERTY_SEED</c> repeats it.
/// </summary>
public sealed class MappingTests
{
    private const int Runs = 20_000;
    private static readonly (string Code, int MinorDigits)[] s_currencies =
        [("EUR", 2), ("CNY", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3), ("CLF", 4)];

    private static readonly OrderSnapshot s_plain = new(
        new string('a', 32), 1, 7, 42, 1, 1999, "EUR", "placed", DateTime.UnixEpoch.AddDays(20_000), null, 1);

    // Limits and their neighbours are as frequent as all other values, because mistakes are made there.
    private static readonly Gen<long> s_id = Around(1, short.MaxValue, int.MaxValue, uint.MaxValue, long.MaxValue);
    private static readonly Gen<int> s_quantity =
        Around(1, short.MaxValue, ushort.MaxValue, int.MaxValue).Select(n => (int)Math.Min(n, int.MaxValue));

    private static readonly Gen<long> s_price = Around(0, 1, 10, 1_000, 99_999_999, 9_999_999_999, 99_999_999_990, long.MaxValue);

    private static readonly Gen<OrderSnapshot> s_orders =
        from sale in s_id
        from sku in s_id
        from user in s_id
        from quantity in Gen.OneOf(Gen.Choose(1, 5), s_quantity)
        from price in Gen.OneOf(s_price, Gen.Choose(1, 1_000_000).Select(n => (long)n))
        from currency in Gen.Elements(s_currencies)
        from status in Gen.Elements("placed", "paid", "cancelled", "expired", "rejected")
        from reserved in Around(0, 1_000_000_000, int.MaxValue, 4_000_000_000)
        from paid in Gen.Choose(0, 10_000)
        select s_plain with
        {
            SaleId = sale, SkuId = sku, UserId = user, Quantity = quantity, UnitPrice = price, Currency = currency.Code,
            Status = status, ReservedAt = DateTime.UnixEpoch.AddSeconds(reserved),
            PaidAt = status == "paid" ? DateTime.UnixEpoch.AddSeconds(reserved + paid) : null,
        };

    [Fact]
    public void An_order_comes_back_as_it_was_or_what_does_not_fit_is_named()
    {
        var (fitting, named) = (0, new HashSet<string>());
        foreach (var order in Generate(out var seed))
        {
            var row = LegacyMapping.ToLegacy(order, out var obstacle);
            Assert.True(DoesNotFit(order) == obstacle?.Field, $"SECKILL_PROPERTY_SEED={seed}: {order} {obstacle}");
            if (row is null)
            {
                named.Add(obstacle!.Field);
                continue;
            }

            fitting++;
            // Knows only what the row does not hold.
            var blank = s_plain with { Currency = order.Currency, ReservedAt = order.ReservedAt, PaidAt = order.PaidAt };
            Assert.True(FromLegacy(row, blank) == order, $"SECKILL_PROPERTY_SEED={seed}: {order} came back changed: {row}");
            Assert.Empty(LegacyMapping.Differences(row, row with { }));
        }

        // Proves that the orders reached the limits.
        Assert.InRange(fitting, Runs / 100, Runs);
        Assert.Equal(["activity_id", "add_time", "goods_id", "num", "order_amount", "pay_time", "uid"], named.Order());
    }

    [Fact]
    public async Task The_real_table_takes_every_row_that_fits_and_gives_it_back()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var store = new LegacyStore(both.Legacy);
        var rows = Generate(out var seed)
            .Select((order, n) => order with { OrderId = n.ToString("x32", CultureInfo.InvariantCulture) })
            .Select(order => LegacyMapping.ToLegacy(order, out _)).OfType<LegacyRow>().ToList();
        foreach (var part in rows.Chunk(500))
        {
            await store.UpsertAsync(part, new bool[part.Length], CancellationToken.None);
            var there = await store.ReadAsync([.. part.Select(row => row.OrderSn)], CancellationToken.None);
            Assert.All(part, row => Assert.True(
                there[row.OrderSn] == row, $"SECKILL_PROPERTY_SEED={seed}: {row} is {there[row.OrderSn]} in the table"));
        }
    }

    [Theory]
    [InlineData(1999, 1, "EUR", "19.99")]
    [InlineData(0, 1, "EUR", "0.00")]
    [InlineData(9_999_999_999, 1, "EUR", "99999999.99")]
    [InlineData(10_000_000_000, 1, "EUR", null)]
    [InlineData(3_333_333_333, 3, "EUR", "99999999.99")]
    [InlineData(5_000_000_000, 2, "EUR", null)]
    [InlineData(1500, 1, "JPY", "1500.00")]
    [InlineData(99_999_999, 1, "JPY", "99999999.00")]
    [InlineData(100_000_000, 1, "JPY", null)]
    [InlineData(1230, 1, "KWD", "1.23")]
    [InlineData(1235, 1, "KWD", null)]
    [InlineData(1235, 2, "KWD", "2.47")]
    [InlineData(99_999_999_990, 1, "KWD", "99999999.99")]
    [InlineData(100_000_000_000, 1, "KWD", null)]
    [InlineData(12_300, 1, "CLF", "1.23")]
    [InlineData(12_350, 1, "CLF", null)]
    [InlineData(long.MaxValue, int.MaxValue, "EUR", null)]
    public void Amounts_are_exact_in_major_units_or_unrepresentable(long price, int quantity, string currency, string? amount)
    {
        var order = s_plain with { UnitPrice = price, Quantity = quantity, Currency = currency };
        var row = LegacyMapping.ToLegacy(order, out var obstacle);
        Assert.Equal(amount, row?.OrderAmount);
        Assert.Equal(amount is null, obstacle?.Field is "order_amount" or "num");
    }

    /// <summary>The order that a row describes; what the row does not hold comes from <paramref name="known"/>.</summary>
    private static OrderSnapshot FromLegacy(LegacyRow row, OrderSnapshot known)
    {
        Assert.Equal(0, row.IsDelete);
        var minorUnits = (decimal)Math.Pow(10, s_currencies.Single(currency => currency.Code == known.Currency).MinorDigits);
        return known with
        {
            OrderId = row.OrderSn, UserId = row.Uid!.Value, SkuId = row.GoodsId!.Value, SaleId = row.ActivityId!.Value,
            Quantity = (int)row.Num!.Value,
            UnitPrice = (long)(decimal.Parse(row.OrderAmount!, CultureInfo.InvariantCulture) * minorUnits / row.Num.Value),
            Status = row.OrderStatus switch { 0 => "placed", 1 => "paid", 2 => "cancelled", 3 => "expired", 9 => "rejected", _ => "" },
        };
    }

    /// <summary>The column that cannot hold its value: the same limits, implemented a second time in another way.</summary>
    private static string? DoesNotFit(OrderSnapshot order)
    {
        var digits = s_currencies.Single(currency => currency.Code == order.Currency).MinorDigits;
        // A hundredth of a cent for each minor unit of a currency with four digits.
        var tenThousandths = (Int128)order.UnitPrice * order.Quantity * (Int128)Math.Pow(10, 4 - digits);
        return order switch
        {
            { UserId: > 2_147_483_647 } => "uid",
            { SkuId: > 2_147_483_647 } => "goods_id",
            { SaleId: > 2_147_483_647 } => "activity_id",
            { Quantity: > 32_767 } => "num",
            _ when tenThousandths % 100 != 0 || tenThousandths > (Int128)999_999_999_900 => "order_amount",
            _ when order.ReservedAt > new DateTime(2038, 1, 19, 3, 14, 7, DateTimeKind.Utc) => "add_time",
            _ when order.PaidAt > new DateTime(2038, 1, 19, 3, 14, 7, DateTimeKind.Utc) => "pay_time",
            _ => null,
        };
    }

    private static OrderSnapshot[] Generate(out ulong seed)
    {
        seed = ulong.TryParse(Environment.GetEnvironmentVariable("SECKILL_PROPERTY_SEED"), out var given)
            ? given : (ulong)Random.Shared.Next();
        return [.. s_orders.Sample(Runs, new Rnd(seed), 10)];
    }

    private static Gen<long> Around(params long[] limits) =>
        from limit in Gen.Elements(limits)
        from step in Gen.Choose(-2, 2)
        select Math.Max(limits[0], limit > long.MaxValue - 2 ? limit - Math.Abs(step) : limit + step);
}
