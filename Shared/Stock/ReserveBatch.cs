using System.Numerics;
using Seckill.Shared.Contracts;

namespace Seckill.Shared.Stock;

/// <summary>
/// The requests of one reserve.lua call and, afterwards, its reply. Reusable: argument arrays are kept by size. One owner at a time.
/// Discard the batch after a failed call, because the client library may still use its arrays.
/// </summary>
public sealed class ReserveBatch
{
    /// <summary>Maximum number of requests in a batch: bounded by the argument limit of Lua's <c>unpack</c> in reserve.lua.</summary>
    public const int MaximumSize = 1024;

    private const int LeadingArguments = 4;
    private const int TurnArgument = 4;
    private const int OutcomesInReply = 10;
    private static readonly int s_sizes = BitOperations.Log2(MaximumSize) + 1;

    // The library requires arrays of the exact length. Sizes are rounded up to a power of two; the script ignores the padding.
    private readonly RedisValue[]?[] _argumentsBySize = new RedisValue[s_sizes][];
    private readonly RedisValue[] _requests;
    private readonly int _width;
    private RedisResult[] _reply = [];
    private byte[] _outcomes = [];

    /// <param name="capacity">Maximum number of requests, 1 to <see cref="MaximumSize"/>.</param>
    /// <param name="hasRoom">The sale has a waiting room: each request has a turn.</param>
    public ReserveBatch(int capacity, bool hasRoom = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, MaximumSize);
        _width = hasRoom ? TurnArgument + 1 : TurnArgument;
        _requests = new RedisValue[capacity * _width];
    }

    /// <summary>Requests added since <see cref="Clear"/>.</summary>
    public int Count { get; private set; }

    /// <summary>False when the item is not warm; then every outcome is <see cref="ReserveOutcome.UnknownItem"/>.</summary>
    public bool ItemIsKnown => _reply.Length > OutcomesInReply;

    /// <summary>True when Redis has older stock than the caller knows: the call has stopped the item.</summary>
    public bool HasLostWrites => _reply.Length == 2;

    /// <summary>Of the stock after the call, or of the older stock.</summary>
    public StockVersion Version { get; private set; }

    /// <summary>Redis time of the call.</summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>Units left after the call.</summary>
    public int Available { get; private set; }

    /// <summary>Terms of the item in the last reply; null before the first.</summary>
    public ItemTerms? Terms { get; private set; }

    /// <summary>Empties the batch for its next use.</summary>
    public void Clear()
    {
        Count = 0;
        _reply = [];
        Available = 0;
    }

    /// <summary>Adds a request. <paramref name="suffix"/> must stay unchanged until the call has ended.</summary>
    /// <param name="suffix">See <see cref="OrderId.FillSuffix"/>.</param>
    /// <param name="userId">The buyer: a number, or its digits, which save the client library the conversion.</param>
    /// <param name="quantity">Units, at least 1.</param>
    /// <param name="idempotencyKey">1 to 64 visible ASCII characters, or none.</param>
    /// <param name="turn">See <see cref="BuyerTurn"/>; ignored in a sale without a waiting room.</param>
    public void Add(byte[] suffix, RedisValue userId, int quantity, string? idempotencyKey, long turn = BuyerTurn.NotNeeded)
    {
        var at = Count++ * _width;
        _requests[at] = suffix;
        _requests[at + 1] = userId;
        _requests[at + 2] = quantity;
        _requests[at + 3] = idempotencyKey ?? RedisValue.EmptyString;
        if (_width > TurnArgument)
        {
            _requests[at + TurnArgument] = turn;
        }
    }

    /// <summary>The outcome of one request.</summary>
    /// <param name="index">Zero-based index of the request.</param>
    /// <param name="detail">
    /// For <see cref="ReserveOutcome.Replayed"/> the order's id, quantity and unix ms; for
    /// <see cref="ReserveOutcome.LimitReached"/>, <see cref="ReserveOutcome.OrdersUsedUp"/> and <see cref="ReserveOutcome.PassUsed"/> the
    /// ids of the live orders; for <see cref="ReserveOutcome.CoolingDown"/> the seconds until it ends; otherwise empty.
    /// </param>
    public ReserveOutcome Outcome(int index, out string[] detail)
    {
        detail = [];
        if (!ItemIsKnown)
        {
            return ReserveOutcome.UnknownItem;
        }

        var outcome = OutcomeAt(index);
        if (HasDetail(outcome))
        {
            var at = OutcomesInReply + 1;
            for (var i = 0; i < index; i++)
            {
                at += HasDetail(OutcomeAt(i)) ? 1 : 0;
            }

            detail = ((string)_reply[at]!).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        return outcome;
    }

    internal RedisValue[] Arguments(int outboxBound, StockVersion known = default)
    {
        var size = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Count));
        var arguments = _argumentsBySize[size] ??= NewArguments(size);
        arguments[0] = outboxBound;
        arguments[1] = _width > TurnArgument ? -Count : Count;
        arguments[2] = known.Epoch;
        arguments[3] = known.Seq;
        _requests.AsSpan(0, Count * _width).CopyTo(arguments.AsSpan(LeadingArguments));
        return arguments;
    }

    internal void SetReply(RedisResult[] reply)
    {
        _reply = reply;
        Version = HasLostWrites ? new((int)reply[0], (long)reply[1]) : ItemIsKnown ? new((int)reply[8], (long)reply[9]) : default;
        if (ItemIsKnown)
        {
            Now = DateTimeOffset.FromUnixTimeMilliseconds((long)reply[0]);
            Available = (int)reply[1];
            Terms = new ItemTerms(
                Number: (string)reply[2]!,
                UnitPrice: (long)reply[3],
                Currency: (string)reply[4]!,
                OpensAt: DateTimeOffset.FromUnixTimeMilliseconds((long)reply[5]),
                ClosesAt: DateTimeOffset.FromUnixTimeMilliseconds((long)reply[6]),
                PaymentTimeoutSeconds: (int)reply[7]);
            _outcomes = (byte[])reply[OutcomesInReply]!;
        }
    }

    private ReserveOutcome OutcomeAt(int index)
    {
        var digit = _outcomes[index];
        return (ReserveOutcome)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }

    private static bool HasDetail(ReserveOutcome outcome) =>
        outcome is ReserveOutcome.Replayed or ReserveOutcome.LimitReached or ReserveOutcome.PassUsed or ReserveOutcome.OrdersUsedUp
            or ReserveOutcome.CoolingDown;

    private RedisValue[] NewArguments(int size)
    {
        var arguments = new RedisValue[LeadingArguments + (_width << size)];
        Array.Fill(arguments, RedisValue.EmptyString);
        return arguments;
    }
}
