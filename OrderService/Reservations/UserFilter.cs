using System.Numerics;

namespace Seckill.OrderService.Reservations;

/// <summary>
/// A set of users as a Bloom filter: two bytes for each. It contains everyone who was added, and at its capacity one in two hundred
/// who was not. One thread adds, any thread asks.
/// </summary>
internal sealed class UserFilter
{
    private const int BitsPerUser = 16;
    private const int Probes = 3;
    private const long MaximumBits = 1L << 30;
    private readonly ulong[] _words;
    private readonly ulong _mask;

    /// <param name="capacity">Users that it is made for; it takes more, and then contains more strangers.</param>
    public UserFilter(long capacity)
    {
        var bits = BitOperations.RoundUpToPowerOf2((ulong)Math.Clamp(capacity * BitsPerUser, 64, MaximumBits));
        (Capacity, _mask, _words) = (capacity, bits - 1, new ulong[bits / 64]);
    }

    public long Capacity { get; }

    public void Add(long userId)
    {
        var (first, step) = Hash(userId);
        for (var probe = 0; probe < Probes; probe++, first += step)
        {
            _words[(first & _mask) / 64] |= 1UL << (int)(first % 64);
        }
    }

    public bool MayContain(long userId)
    {
        var (first, step) = Hash(userId);
        for (var probe = 0; probe < Probes; probe++, first += step)
        {
            if ((_words[(first & _mask) / 64] & (1UL << (int)(first % 64))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    // The finalizer of splitmix64: ids that follow each other must not share bits.
    private static (ulong First, ulong Step) Hash(long userId)
    {
        var hash = (ulong)userId + 0x9E3779B97F4A7C15;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        hash ^= hash >> 31;
        return (hash, (hash >> 32) | 1);
    }
}
