namespace Seckill.OrderService.Overload;

/// <summary>
/// The Idempotency-Keys of the clicks that this instance has admitted lately, in 4 MB of memory: a click that comes with one of them again
/// may have its order. Without a lock; a newer key may take the place of an older one.
/// </summary>
/// <remarks>
/// What it forgets, and what other instances admitted, is known by its buyer as soon as the log of the item has it: see
/// <see cref="Reservations.ItemLane.MayBeBuyer"/>. One stranger in four thousand is taken for a retry.
/// </remarks>
internal sealed class KnownKeys
{
    private const int Places = 1 << 20;
    private readonly int[] _places = new int[Places];

    /// <summary>Remembers the key of a click.</summary>
    public void Add(long userId, in ItemKey item, string key)
    {
        var hash = Hash(userId, item, key);
        Volatile.Write(ref _places[(uint)hash % Places], hash);
    }

    /// <summary>True when such a click was admitted here.</summary>
    public bool Contains(long userId, in ItemKey item, string key)
    {
        var hash = Hash(userId, item, key);
        return Volatile.Read(ref _places[(uint)hash % Places]) == hash;
    }

    // With a seed of the process, so no client chooses whose key is forgotten. 0 is an empty place.
    private static int Hash(long userId, in ItemKey item, string key) =>
        HashCode.Combine(userId, item.SaleId, item.SkuId, key) is not 0 and var hash ? hash : 1;
}
