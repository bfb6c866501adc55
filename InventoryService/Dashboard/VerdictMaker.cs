using static Seckill.InventoryService.Dashboard.Words;

namespace Seckill.InventoryService.Dashboard;

/// <summary>Says in one line how the system is: the worst failure, or else what the busiest sale does, by its id and name.</summary>
internal static class VerdictMaker
{
    private const string Fine = " Nothing is broken.";

    public static Verdict Of(Facts facts, IncidentLog incidents)
    {
        var broken = incidents.Broken;
        if (broken is [var worst, ..])
        {
            var more = broken.Count switch
            {
                1 => "", 2 => $" Also: {broken[1].Headline}.", _ => $" And {broken.Count - 1} more, see incidents.",
            };
            return new Verdict(Tone.Broken, worst.Headline + ".", worst.Detail + more);
        }

        if (facts.Orders is null)
        {
            return new Verdict(Tone.Unknown, "Loading …", "No data yet.");
        }

        var sales = facts.Shown.Items.GroupBy(item => item.SaleId).Select(sale => sale.ToList()).ToList();
        var on = sales.Where(sale => facts.PhaseOf(sale[0]) == SalePhase.On).ToList();
        var busiest = (facts.Traffic?.Sales ?? []).Where(rate => rate.ClicksPerSecond >= 1)
            .Select(rate => (Rate: rate, Sale: sales.Find(sale => sale[0].SaleId == rate.SaleId)))
            .FirstOrDefault(one => one.Sale is not null);
        return busiest.Sale is { } clicked ? OfClicked(facts, clicked, busiest.Rate.ClicksPerSecond, on.Count)
            // Clicks may have been refused before their sale was known.
            : on is [var first, ..] ? OfOn(facts, first, facts.Traffic?.Clicks, on.Count)
            : NextOf(facts, sales) is { } next
            ? new Verdict(Tone.Fine, $"No sale is on; {Name(next)} is next.", "All services that it needs are running." + Fine)
            : new Verdict(Tone.Fine, "No sale is on.", "All services that the next sale needs are running.");
    }

    private static List<ItemRow>? NextOf(Facts facts, List<List<ItemRow>> sales) =>
        sales.Where(sale => facts.PhaseOf(sale[0]) is SalePhase.Planned or SalePhase.Upcoming && sale[0].OpensAt > facts.RedisNow)
            .MinBy(sale => (sale[0].OpensAt, sale[0].SaleId));

    private static Verdict OfClicked(Facts facts, List<ItemRow> sale, double clicks, int salesOn)
    {
        var (name, many) = (Name(sale), Rounded(clicks));
        Verdict Beside(string state, string when) => new(
            Tone.Fine, $"{name} {state}; {Number(many)} a second {Verb(many, "comes", "come")} {when}.",
            $"Buyers get a refusal that says so.{Fine}");
        return facts.PhaseOf(sale[0]) switch
        {
            SalePhase.On => OfOn(facts, sale, clicks, salesOn),
            SalePhase.Planned or SalePhase.Upcoming => Beside("has not opened", "too early"),
            SalePhase.Closed => Beside("is closed", "too late"),
            _ => Beside("has ended", "too late"),
        };
    }

    private static Verdict OfOn(Facts facts, List<ItemRow> sale, double? clicks, int salesOn)
    {
        var name = Name(sale);
        var known = sale.Select(item => facts.StockOf(item)?.Snapshot).OfType<ItemSnapshot>().ToList();
        // An item that is not shown or could not be read may have units left.
        var isAll = known.Count == sale[0].ItemsInSale;
        var (left, allocated) = (known.Sum(item => (long)Math.Max(0, item.Available)), sale.Sum(item => (long)item.Allocated));
        var units = isAll ? $"{Number(left)} of {Some(allocated, "unit")} {Verb(left, "is", "are")} left."
            : left > 0 ? $"At least {Some(left, "unit")} {Verb(left, "is", "are")} left." : "How many units are left is unknown.";
        if (isAll && left == 0)
        {
            var soldOut = facts.Traffic?.Refused.FirstOrDefault(refusal => refusal.Reason == "sold-out")?.PerSecond ?? 0;
            var late = Rounded(Math.Min(clicks ?? 0, soldOut));
            return new Verdict(
                Tone.Fine,
                late > 0 ? $"{name} is sold out; {Number(late)} a second {Verb(late, "comes", "come")} too late."
                : clicks >= 1 ? $"{name} is sold out; {Some(Rounded(clicks.Value), "click")} a second."
                : $"{name} is sold out.",
                (allocated == 1 ? "Its unit has a buyer." : $"All {Some(allocated, "unit")} have a buyer.") + Fine);
        }

        if (clicks is null)
        {
            return new Verdict(Tone.Fine, $"{name} is on.", units + Fine);
        }

        var accepted = facts.Traffic?.Accepted ?? 0;
        var where = salesOn > 1 ? " in all sales" : "";
        var most = facts.Traffic?.Refused is [var top, ..] ? $" Most get: {top.Reason.Replace('-', ' ')}." : "";
        return accepted > 0 && clicks > 0
            ? new Verdict(Tone.Fine, $"{name} is selling.", $"{Some(Rounded(accepted), "order")} a second{where}. {units}{Fine}")
            : clicks > 0
            ? new Verdict(Tone.Fine, $"{name} is on; {Some(Rounded(clicks.Value), "click")} a second, and no order.", units + most + Fine)
            : new Verdict(Tone.Fine, $"{name} is on, and quiet.", units + Fine);
    }

    private static string Name(List<ItemRow> sale) => NameOf(sale[0].SaleId, sale[0].Name);

    /// <summary>A sale in words.</summary>
    public static string NameOf(long saleId, string name) => $"#{saleId} {name}";
}
