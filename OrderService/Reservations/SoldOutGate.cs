namespace Seckill.OrderService.Reservations;

/// <summary>
/// Refuses locally what Redis would refuse as sold out. Most clicks of a flash sale come after the last unit; they must not cost
/// a round trip. Lets a probe through a few times a second, opens at once when returned stock is announced, and never refuses on
/// knowledge older than a second.
/// </summary>
/// <remarks>
/// A user who holds units of the item, or ever held some, is never refused here: the answer names their order, or repeats the one of
/// their key, and only Redis knows it. While nothing is for sale no further user can hold units, so the buyers read after the sell-out stay
/// complete.
/// </remarks>
/// <param name="probeInterval">Time between two probes.</param>
/// <param name="clock">Measures both times.</param>
internal sealed class SoldOutGate(TimeSpan probeInterval, TimeProvider clock)
{
    /// <summary>Sold out is never answered on knowledge older than this.</summary>
    public static readonly TimeSpan MaximumStaleness = TimeSpan.FromSeconds(1);

    private Knowledge? _knowledge;
    private long _nextProbe;

    /// <summary>Null while the gate is open; to be completed with the buyers.</summary>
    public Knowledge? Current => Volatile.Read(ref _knowledge);

    /// <summary>True while strangers are refused: a request that passes asks on behalf of all, or may have an order.</summary>
    public bool IsClosed =>
        Current is { Buyers: not null } knowledge && clock.GetElapsedTime(knowledge.ConfirmedAt) < MaximumStaleness;

    /// <summary>True when this request can be refused as sold out without asking Redis.</summary>
    public bool Refuses(long userId)
    {
        var knowledge = Volatile.Read(ref _knowledge);
        if (knowledge?.Buyers is not { } buyers || buyers.MayContain(userId))
        {
            return false;
        }

        var now = clock.GetTimestamp();
        if (clock.GetElapsedTime(knowledge.ConfirmedAt, now) >= MaximumStaleness)
        {
            return false;
        }

        var nextProbe = Interlocked.Read(ref _nextProbe);
        var following = now + (long)(probeInterval.TotalSeconds * clock.TimestampFrequency);
        if (now >= nextProbe && Interlocked.CompareExchange(ref _nextProbe, following, nextProbe) == nextProbe)
        {
            ReservationMetrics.OfSales.GateProbes.Add(1);
            ReservationMetrics.OfSales.GateStaleness.Record(clock.GetElapsedTime(knowledge.ConfirmedAt, now).TotalSeconds);
            return false;
        }

        ReservationMetrics.OfSales.GateRefusals.Add(1);
        return true;
    }

    /// <summary>Redis answered that nothing is left, to a call that was sent at <paramref name="askedAt"/>.</summary>
    public void Close(long askedAt) => Interlocked.CompareExchange(ref _knowledge, new Knowledge(askedAt), null)?.Confirm(askedAt);

    /// <summary>Stock is for sale, or nothing certain is known.</summary>
    public void Open() => Volatile.Write(ref _knowledge, null);

    /// <summary>An item was sold out at a certain moment, and these users held its units.</summary>
    internal sealed class Knowledge(long confirmedAt)
    {
        private long _confirmedAt = confirmedAt;
        private volatile UserFilter? _buyers;

        public long ConfirmedAt => Interlocked.Read(ref _confirmedAt);

        public UserFilter? Buyers => _buyers;

        public void Complete(UserFilter buyers) => _buyers = buyers;

        public void Confirm(long at)
        {
            // Replies may overtake each other; only newer knowledge counts.
            long known;
            while ((known = ConfirmedAt) < at && Interlocked.CompareExchange(ref _confirmedAt, at, known) != known)
            {
            }
        }
    }
}
