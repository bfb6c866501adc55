using System.Collections.Concurrent;

namespace Seckill.OrderService.Reservations;

/// <summary>
/// Values that were read less than a second ago, also the value "there is none". A key has one read at a time: callers who come
/// meanwhile wait for it. A failed read is not kept.
/// </summary>
/// <remarks>
/// Bounded, because any client may ask for ids that never existed: when the young generation is full it becomes the old one, and the old
/// one is forgotten. A key that is forgotten is only read again.
/// </remarks>
/// <param name="read">Reads the value of a key.</param>
/// <param name="clock">Measures the age.</param>
/// <param name="capacity">Keys in a generation.</param>
internal sealed class SingleFlightCache<TKey, TValue>(Func<TKey, Task<TValue>> read, TimeProvider clock, int capacity = 10_000)
    where TKey : notnull
{
    /// <summary>An older value is read again. Counts from the start of its read.</summary>
    public static readonly TimeSpan MaximumAge = TimeSpan.FromSeconds(1);

    private ConcurrentDictionary<TKey, Flight> _young = new();
    private ConcurrentDictionary<TKey, Flight> _old = new();

    /// <summary>The value, or what its read throws.</summary>
    public Task<TValue> GetAsync(TKey key)
    {
        var young = Volatile.Read(ref _young);
        if ((young.TryGetValue(key, out var known) || Volatile.Read(ref _old).TryGetValue(key, out known)) && IsUsable(known))
        {
            return known.Task;
        }

        var next = new Flight(clock.GetTimestamp(), async () => await read(key));
        // Of several callers one adds its own, and the others find it.
        var flight = young.AddOrUpdate(key, next, (_, current) => IsUsable(current) ? current : next);
        if (young.Count > capacity && Interlocked.CompareExchange(ref _young, new(), young) == young)
        {
            Volatile.Write(ref _old, young);
        }

        return flight.Task;
    }

    private bool IsUsable(Flight flight) =>
        !flight.HasLanded || (flight.Task.IsCompletedSuccessfully && clock.GetElapsedTime(flight.StartedAt) < MaximumAge);

    private sealed class Flight(long startedAt, Func<Task<TValue>> read)
    {
        private readonly Lazy<Task<TValue>> _task = new(read);

        public long StartedAt => startedAt;

        public Task<TValue> Task => _task.Value;

        public bool HasLanded => _task is { IsValueCreated: true, Value.IsCompleted: true };
    }
}
