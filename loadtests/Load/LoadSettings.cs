namespace Seckill.LoadTests.Load;

/// <summary>The size of a run and its pass marks. Each scenario has its own defaults; the command line overrides them.</summary>
public sealed record LoadSettings
{
    /// <summary>Maximum visitors per second in an open loop.</summary>
    public double Rate { get; init; } = 1_000;

    /// <summary>Duration of the arrivals.</summary>
    public int Seconds { get; init; } = 20;

    /// <summary>Users of a closed loop, who visit again and again; 0 is an open loop.</summary>
    public int Users { get; init; }

    /// <summary>Visits in all of a closed loop, which then lasts as long as they take; 0 is no limit.</summary>
    public int Visits { get; init; }

    /// <summary>Mean pause of a user of a closed loop between two visits.</summary>
    public int ThinkMilliseconds { get; init; }

    /// <summary>Distinct buyers; 0 is as many as visitors, up to <see cref="MaximumBuyers"/>. With fewer, buyers visit again.</summary>
    public int Buyers { get; init; }

    /// <summary>Maximum concurrent requests.</summary>
    public int Connections { get; init; } = 2_000;

    /// <summary>Items on sale.</summary>
    public int Items { get; init; } = 2;

    /// <summary>Units of each item; 0 is twice what the visitors could buy, unless the scenario sizes its stock.</summary>
    public int Stock { get; init; }

    /// <summary>Maximum units of an item per buyer.</summary>
    public int LimitPerUser { get; init; } = 1;

    /// <summary>Time until an unpaid order expires.</summary>
    public int PaymentTimeoutSeconds { get; init; } = 3_600;

    /// <summary>Duration of the load on an item that is not for sale, before the measurement.</summary>
    public int WarmUpSeconds { get; init; } = 3;

    /// <summary>A visitor gives up a request after this time.</summary>
    public int TimeoutSeconds { get; init; } = 10;

    /// <summary>Pass mark: p99 of all requests, from the scheduled moment.</summary>
    public double MaximumP99Milliseconds { get; init; } = 1_000;

    /// <summary>Pass mark: percentage of requests that failed or got <c>unavailable</c>.</summary>
    public double MaximumErrorPercent { get; init; } = 0.1;

    /// <summary>Distinct buyers among so many visitors.</summary>
    public int BuyersOf(long visitors) => Buyers > 0 ? Buyers : (int)Math.Min(visitors, MaximumBuyers);

    /// <summary>Maximum number of tokens that are signed for one run, unless <see cref="Buyers"/> asks for more.</summary>
    public const int MaximumBuyers = 500_000;
}
