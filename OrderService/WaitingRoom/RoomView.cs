using System.Collections.Concurrent;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>
/// A waiting room as this instance knows it: who has which place, and a few numbers that are less than a second old. The answer to a buyer
/// is computed from these, without a question to Redis.
/// </summary>
/// <param name="saleId">The sale.</param>
/// <param name="commitment">Names the room; a room that was made again gets a view of its own.</param>
/// <param name="clock">Measures the age of the numbers.</param>
internal sealed class RoomView(long saleId, string commitment, TimeProvider clock)
{
    // How far back the speed of the queue is measured.
    private const long SpeedMilliseconds = 30_000;
    private const int LongestPollSeconds = 30;
    private const int SoldOutPollSeconds = 10;

    // Registrations that were lost with the end of Redis' data may be followed by as many others before the next look. So each look reads
    // the last known ones again; it is as good as impossible that others stand at all of these.
    private const int ReadAgain = 16;

    // A draw that takes longer waits for a beacon, or for a store.
    private static readonly TimeSpan s_longestDraw = TimeSpan.FromSeconds(5);

    private readonly PlaceMap _places = new();
    private readonly ConcurrentQueue<LearnedPlace> _learned = new();
    private readonly List<LearnedPlace> _unconfirmed = [];
    private readonly List<RoomStep> _steps = [];
    private long[] _users = new long[1024];
    private readonly Lock _hashing = new();
    private readonly MerkleTreeBuilder _leaves = new();
    private volatile MerkleTree? _tree;
    private volatile Numbers? _numbers;
    private volatile DrawnPositions? _draw;

    /// <summary>The sale.</summary>
    public long SaleId => saleId;

    /// <summary>Names the room.</summary>
    public string Commitment => commitment;

    /// <summary>Its numbers; null before they are read.</summary>
    public RoomState? State => _numbers?.State;

    /// <summary>Time since Redis was last read; null before.</summary>
    public TimeSpan? Age => _numbers is { } numbers ? clock.GetElapsedTime(numbers.ReadAt) : null;

    /// <summary>Places whose user is known. Only the one reader writes.</summary>
    public int KnownPlaces { get; private set; }

    /// <summary>The first place that the next look reads.</summary>
    public int FirstPlace => Math.Max(0, KnownPlaces - ReadAgain);

    /// <summary>The first step that the next look reads.</summary>
    public int FirstStep => Math.Max(0, _steps.Count - 1);

    /// <summary>The place of a user, or -1 when this instance does not know one.</summary>
    public int PlaceOf(long userId) => _places.Find(userId);

    /// <summary>A place that Redis has answered.</summary>
    public void Learn(long userId, int place)
    {
        _places.Set(userId, place);
        _learned.Enqueue(new LearnedPlace(userId, place, clock.GetTimestamp()));
    }

    /// <summary>
    /// True when a reading does not continue what is known: Redis has lost the end of the room. Only the one reader calls it, before
    /// <see cref="Take"/>.
    /// </summary>
    /// <param name="look">From <see cref="FirstPlace"/> and <see cref="FirstStep"/> on.</param>
    /// <param name="readAt">Before it was asked for.</param>
    public bool IsContradictedBy(RoomLook look, long readAt)
    {
        var (firstPlace, firstStep) = (FirstPlace, FirstStep);
        if (KnownPlaces > look.State.Places || _steps.Count > look.Steps
            || !look.Users.Take(KnownPlaces - firstPlace).SequenceEqual(_users.Skip(firstPlace).Take(KnownPlaces - firstPlace))
            || !look.NewSteps.Take(_steps.Count - firstStep).SequenceEqual(_steps.Skip(firstStep)))
        {
            return true;
        }

        while (_learned.TryDequeue(out var learned))
        {
            _unconfirmed.Add(learned);
        }

        long UserAt(int place) => place < firstPlace ? _users[place] : look.Users[place - firstPlace];
        var isContradicted = _unconfirmed.Exists(learned => learned.Place < firstPlace + look.Users.Count
            ? UserAt(learned.Place) != learned.UserId
            : learned.Place >= look.State.Places && learned.At < readAt);
        _unconfirmed.RemoveAll(learned => learned.Place < firstPlace + look.Users.Count);
        return isContradicted;
    }

    /// <summary>Takes a reading over. Only the one reader calls it.</summary>
    /// <returns>True when nothing is missing.</returns>
    public bool Take(RoomLook look, long readAt)
    {
        var (known, knownSteps) = (KnownPlaces - FirstPlace, _steps.Count - FirstStep);
        if (KnownPlaces + look.Users.Count > _users.Length)
        {
            Array.Resize(ref _users, Math.Max(2 * _users.Length, KnownPlaces + look.Users.Count));
        }

        foreach (var user in look.Users.Skip(known))
        {
            _users[KnownPlaces] = user;
            _places.Set(user, KnownPlaces++);
        }

        _steps.AddRange(look.NewSteps.Skip(knownSteps));
        var isWhole = KnownPlaces >= look.State.Places && _steps.Count >= look.Steps;
        if (isWhole)
        {
            if (look.State is { Seed: { } seed, Sealed: { } count } && _draw is null)
            {
                _draw = new DrawnPositions(seed, count);
            }

            _numbers = new Numbers(look.State, [.. _steps], readAt);
        }

        return isWhole;
    }

    /// <summary>The tree over the participants of the draw; null before it, or while a place is unknown.</summary>
    public MerkleTree? Tree => _tree ??= State is { Sealed: { } count } && KnownPlaces >= count ? HashPlaces(count).Take(count) : null;

    /// <summary>Computes as much of the tree as is known, so that at the draw little is missing: a million places take seconds.</summary>
    public void HashPlaces() => HashPlaces(KnownPlaces);

    /// <summary>True from shortly before the draw until it is done, unless it waits for something for long.</summary>
    public bool IsDrawing(TimeSpan before) =>
        _numbers is { State: { Seed: null, IsClosed: false } state } numbers
        && state.Now + clock.GetElapsedTime(numbers.ReadAt) - state.DrawsAt is var late && late > -before && late < s_longestDraw;

    /// <summary>The position of a place, from 0; -1 before the draw.</summary>
    public int PositionOf(int place) => _draw?.Position(place) ?? -1;

    /// <summary>The answer to the owner of a place; with -1, to a buyer without a place.</summary>
    public QueuePlace Describe(int place)
    {
        var numbers = _numbers!;
        var state = numbers.State;
        var position = place < 0 ? -1 : PositionOf(place);
        if (state.Mode == RoomMode.Off)
        {
            return new(QueueTurn.Admitted, place, position, 0, TimeSpan.Zero, 0, TimeSpan.FromMilliseconds(state.PassMilliseconds))
            {
                TurnBegan = BuyerTurn.Unknown,
            };
        }

        if (state.IsClosed)
        {
            return new(QueueTurn.SaleClosed, place, position, 0, null, 0, default);
        }

        var now = state.Now + clock.GetElapsedTime(numbers.ReadAt);
        if (state.Seed is null)
        {
            var wait = state.DrawsAt > now ? state.DrawsAt - now : TimeSpan.Zero;
            // Not all of them at the moment of the draw.
            var spread = wait > TimeSpan.FromSeconds(10) ? Math.Max(0, place) % 5 : 0;
            return new(QueueTurn.Registered, place, -1, -1, wait, Poll(wait / 2) + spread, default);
        }

        if (state.Units == 0)
        {
            return new(QueueTurn.SoldOut, place, position, 0, null, SoldOutPollSeconds, default);
        }

        if (place < 0 || position < state.Expired)
        {
            return new(QueueTurn.TurnMissed, place, position, 0, null, 0, default);
        }

        if (position >= state.Served)
        {
            var ahead = position - state.Served;
            var eta = numbers.TimeFor(ahead);
            return new(QueueTurn.Waiting, place, position, ahead, eta, Poll((eta ?? TimeSpan.FromSeconds(8)) / 4), default);
        }

        if (numbers.StepOf(position) is not { } step)
        {
            // Redis has lost the step; the next call of the admission makes another, within a second.
            return new(QueueTurn.Waiting, place, position, 0, TimeSpan.FromSeconds(1), 1, default);
        }

        var left = TimeSpan.FromMilliseconds(state.PassMilliseconds - (numbers.ClockAt(now) - step.Clock));
        return left > TimeSpan.Zero
            ? new(QueueTurn.Admitted, place, position, 0, TimeSpan.Zero, Poll(left / 2), left) { TurnBegan = step.At }
            : new(QueueTurn.TurnMissed, place, position, 0, null, 0, default);
    }

    private MerkleTreeBuilder HashPlaces(int count)
    {
        lock (_hashing)
        {
            if (count > _leaves.Count)
            {
                var (users, blindKey) = (_users, State!.BlindKey);
                _leaves.Grow(count, (i, leaf) => QueueSeed.Leaf(saleId, i, users[i], blindKey, leaf));
            }

            return _leaves;
        }
    }

    private static int Poll(TimeSpan wait) => Math.Clamp((int)wait.TotalSeconds, 1, LongestPollSeconds);

    private readonly record struct LearnedPlace(long UserId, int Place, long At);

    private sealed record Numbers(RoomState State, RoomStep[] Steps, long ReadAt)
    {
        /// <summary>The clock of the room at a moment of Redis, or a little ahead, so that no pass outlives its place.</summary>
        public double ClockAt(DateTimeOffset now) =>
            State.Clock + (State is { IsSelling: true, TickAt: { } tickAt } ? Math.Max(0, (now - tickAt).TotalMilliseconds) : 0);

        /// <summary>The step in which a position was admitted; null when it is in none.</summary>
        public RoomStep? StepOf(int position)
        {
            if (Steps.Length == 0 || Steps[^1].Served <= position)
            {
                return null;
            }

            var (low, high) = (0, Steps.Length - 1);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = Steps[middle].Served > position ? (low, middle) : (middle + 1, high);
            }

            return Steps[low];
        }

        /// <summary>How long the queue takes for so many buyers at its present speed; null while it stands still.</summary>
        public TimeSpan? TimeFor(int ahead)
        {
            if (!State.IsSelling)
            {
                return null;
            }

            var (since, served) = (State.Clock - SpeedMilliseconds, 0);
            for (var i = Steps.Length - 1; i >= 0 && Steps[i].Clock > since; i--)
            {
                served = State.Served - (i == 0 ? 0 : Steps[i - 1].Served);
            }

            var seconds = Math.Clamp(State.Clock, 1_000, SpeedMilliseconds) / 1000.0;
            return served > 0 ? TimeSpan.FromSeconds(Math.Ceiling(ahead / (served / seconds)))
                : Steps.Length == 0 ? TimeSpan.FromSeconds(1 + (ahead / State.AdmitPerSecond)) : null;
        }
    }
}
