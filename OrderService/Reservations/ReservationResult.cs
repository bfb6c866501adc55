using Seckill.Shared.Stock;

namespace Seckill.OrderService.Reservations;

/// <summary>The answer to one request to reserve.</summary>
public readonly record struct ReservationResult(ReserveOutcome Outcome)
{
    /// <summary>The order, when <see cref="ReserveOutcome.Reserved"/> or <see cref="ReserveOutcome.Replayed"/>.</summary>
    public string? OrderId { get; init; }

    /// <summary>The buyer's live orders, when <see cref="ReserveOutcome.LimitReached"/>.</summary>
    public string[]? OrderIds { get; init; }

    /// <summary>Redis time of the reservation.</summary>
    public DateTimeOffset ReservedAt { get; init; }

    /// <summary>Price of one unit, minor units of <see cref="Currency"/>.</summary>
    public long UnitPrice { get; init; }

    /// <summary>ISO 4217 code.</summary>
    public string? Currency { get; init; }

    /// <summary>Start of the window, when <see cref="ReserveOutcome.NotOpen"/>.</summary>
    public DateTimeOffset OpensAt { get; init; }

    /// <summary>Redis time of the answer.</summary>
    public DateTimeOffset Now { get; init; }
}
