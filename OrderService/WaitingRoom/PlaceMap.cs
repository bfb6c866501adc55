namespace Seckill.OrderService.WaitingRoom;

/// <summary>
/// User → place, 12 bytes for each cell: a million buyers in 25 MB. Any number of threads may read without a lock while one writes.
/// </summary>
internal sealed class PlaceMap
{
    private const int FirstCapacity = 1024;
    private readonly Lock _writing = new();
    private Cells _cells = new(FirstCapacity);
    private int _count;

    /// <summary>The place of a user, or -1.</summary>
    public int Find(long userId)
    {
        var cells = Volatile.Read(ref _cells);
        for (var i = cells.Start(userId); ; i = cells.Next(i))
        {
            var user = Volatile.Read(ref cells.Users[i]);
            if (user == userId)
            {
                return Volatile.Read(ref cells.Places[i]);
            }

            if (user == 0)
            {
                return -1;
            }
        }
    }

    /// <summary>Sets the place of a user, unless a later one is known.</summary>
    public void Set(long userId, int place)
    {
        lock (_writing)
        {
            if (2 * (_count + 1) > _cells.Users.Length)
            {
                Grow();
            }

            _count += _cells.Set(userId, place) ? 1 : 0;
        }
    }

    private void Grow()
    {
        var larger = new Cells(2 * _cells.Users.Length);
        for (var i = 0; i < _cells.Users.Length; i++)
        {
            if (_cells.Users[i] != 0)
            {
                larger.Set(_cells.Users[i], _cells.Places[i]);
            }
        }

        Volatile.Write(ref _cells, larger);
    }

    private sealed class Cells(int capacity)
    {
        // A power of two. User ids are positive, so 0 is an empty cell.
        public long[] Users { get; } = new long[capacity];

        public int[] Places { get; } = new int[capacity];

        public int Start(long userId) => (int)((ulong)(userId * -7046029254386353131) >> 32) & (capacity - 1);

        public int Next(int cell) => (cell + 1) & (capacity - 1);

        /// <returns>True when the user is a new one.</returns>
        public bool Set(long userId, int place)
        {
            for (var i = Start(userId); ; i = Next(i))
            {
                if (Users[i] == userId)
                {
                    if (place > Places[i])
                    {
                        Volatile.Write(ref Places[i], place);
                    }

                    return false;
                }

                if (Users[i] == 0)
                {
                    // The place first: a reader who finds the user finds it.
                    Places[i] = place;
                    Volatile.Write(ref Users[i], userId);
                    return true;
                }
            }
        }
    }
}
