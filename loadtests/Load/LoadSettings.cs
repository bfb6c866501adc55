namespace Seckill.LoadTests.Load;

/// <summary>The size of a run and its pass marks. Each scenario has values of its own; each may be given on the command line.</summary>
public sealed record LoadSettings
{
    /// <summary>Visitors per second, at most, in an open loop.</summary>
    public double Rate { get; init; } = 1_000;

    /// <summary>How long visitors come.</summary>
    public int Seconds { get; init; } = 20;

    /// <summary>Users of a closed loop, who come again and again; 0 is an open loop.</summary>
    public int Users { get; init; }

    /// <summary>How long a user of a closed loop pauses between two visits.</summary>
    public int ThinkMilliseconds { get; init; }

    /// <summary>Distinct buyers; 0 is as many as visitors, but <see cref="MostBuyers"/> at most. Fewer come again.</summary>
    public int Buyers { get; init; }

    /// <summary>Requests under way at once, at most.</summary>
    public int Connections { get; init; } = 2_000;

    /// <summary>Items on sale.</summary>
    public int Items { get; init; } = 2;

    /// <summary>Units of each item; 0 is twice what the visitors could buy, unless the scenario has a measure of its own.</summary>
    public int Stock { get; init; }

    /// <summary>Units of an item that one buyer may have.</summary>
    public int LimitPerUser { get; init; } = 1;

    /// <summary>Until an unpaid order gives its units back.</summary>
    public int PaymentTimeoutSeconds { get; init; } = 3_600;

    /// <summary>Load on an item that is not for sale, before anything counts.</summary>
    public int WarmUpSeconds { get; init; } = 3;

    /// <summary>A visitor gives up after it.</summary>
    public int PatienceSeconds { get; init; } = 10;

    /// <summary>Pass mark: p99 of all requests, from the moment at which they were wanted.</summary>
    public double MostP99Milliseconds { get; init; } = 1_000;

    /// <summary>Pass mark: requests that failed or were answered <c>unavailable</c>, percent of all.</summary>
    public double MostErrorPercent { get; init; } = 0.1;

    /// <summary>How many distinct buyers so many visitors are.</summary>
    public int BuyersOf(long visitors) => (int)Math.Min(Buyers > 0 ? Buyers : visitors, MostBuyers);

    /// <summary>More tokens than this are not signed for one run.</summary>
    public const int MostBuyers = 500_000;
}
