// Replaces the partitioned token buckets of System.Threading.RateLimiting, which keep an object for each user of the last ten seconds
// and walk all of them ten times a second: docs/decisions/0010-rate-limits.md has the figures.
using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;

namespace Seckill.Shared.Security;

/// <summary>
/// A burst, and then a steady rate, for each of any number of users or addresses, in memory of a fixed size and without a timer:
/// the generic cell rate algorithm (ITU-T I.371, annex A), which needs one time for each of them.
/// </summary>
/// <remarks>
/// Only recent users take room; when more of them share a set than fit, the one nearest to a full burst is forgotten. Two users
/// count as one with a probability of 2⁻³³, and none can choose with whom.
/// </remarks>
public sealed class RateLimit
{
    private const int Sets = 1 << 17;
    private const int PlacesInSet = 8;
    private const int TagBits = 16;
    private const double MicrosecondsPerSecond = 1e6;
    // A year: what can be stored must not overflow, however long the process runs and however generous the settings are.
    private const long LongestWait = 1L << 45;

    // In each place, in the upper bits, the time (microseconds since the start) at which its owner has the whole burst again, and
    // below it the owner's tag. A time in the past is a place that is free.
    private readonly long[] _places = new long[Sets * PlacesInSet];
    private readonly ulong _secret = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private readonly TimeProvider _clock;
    private readonly long _startedAt;
    private readonly long _interval;
    private readonly long _tolerance;

    /// <param name="burst">Requests at once, at least 1.</param>
    /// <param name="perSecond">Requests per second afterwards, at least 1; more than a million are no limit.</param>
    /// <param name="clock">Measures the time between requests.</param>
    public RateLimit(int burst, int perSecond, TimeProvider clock)
    {
        (_clock, _startedAt) = (clock, clock.GetTimestamp());
        _interval = (long)Math.Round(MicrosecondsPerSecond / perSecond);
        _tolerance = Math.Min((burst - 1) * _interval, LongestWait);
    }

    /// <summary>True, and counted, when this user may send one more request now.</summary>
    /// <param name="user">The user.</param>
    /// <param name="cost">As how many requests it counts, at least 1; more than a burst counts as a burst.</param>
    public bool TryAcquire(long user, int cost = 1) => TryAcquire(Mix((ulong)user ^ _secret), cost);

    /// <summary>
    /// True, and counted, when this address may send one more request now. All addresses of an IPv6 /64 count as one, because a single
    /// subscriber has a whole one (RFC 6177), and an IPv4 address that is mapped to IPv6 counts as what it is.
    /// </summary>
    public bool TryAcquire(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (address.IsIPv4MappedToIPv6)
        {
            bytes[^4..].CopyTo(bytes);
            length = 4;
        }

        bytes[length == 4 ? 4.. : 8..].Clear();
        // An IPv4 address must not be the /64 that begins with the same bytes.
        var half = Mix(BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ _secret);
        return TryAcquire(Mix((ulong)length ^ half), cost: 1);
    }

    private bool TryAcquire(ulong hash, int cost)
    {
        if (_interval == 0)
        {
            return true;
        }

        var tag = (long)(hash >> (64 - TagBits));
        var set = _places.AsSpan((int)(hash % Sets) * PlacesInSet, PlacesInSet);
        var more = Math.Min((cost - 1) * _interval, _tolerance);
        var now = (long)_clock.GetElapsedTime(_startedAt).TotalMicroseconds;
        while (true)
        {
            ref var place = ref Find(set, tag, now);
            var seen = Volatile.Read(ref place);
            var full = IsOf(seen, tag, now) ? Time(seen) : now;
            if (full - now > _tolerance - more)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref place, ((full + more + _interval) << TagBits) | tag, seen) == seen)
            {
                return true;
            }
        }
    }

    private static ref long Find(Span<long> set, long tag, long now)
    {
        var oldest = 0;
        for (var i = 0; i < set.Length; i++)
        {
            if (IsOf(set[i], tag, now))
            {
                return ref set[i];
            }

            oldest = set[i] < set[oldest] ? i : oldest;
        }

        return ref set[oldest];
    }

    private static bool IsOf(long place, long tag, long now) => (place & ((1 << TagBits) - 1)) == tag && Time(place) > now;

    private static long Time(long place) => place >> TagBits;

    // The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the input moves every bit of the output.
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }
}
