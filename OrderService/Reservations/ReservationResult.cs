namespace Seckill.OrderService.Reservations;

/// <summary>The answer to one request to reserve. Small, because it is copied on its way to the buyer.</summary>
public readonly record struct ReservationResult(ReserveOutcome Outcome)
{
    /// <summary>The order, when <see cref="ReserveOutcome.Reserved"/> or <see cref="ReserveOutcome.Replayed"/>.</summary>
    public string? OrderId { get; init; }

    /// <summary>
    /// The buyer's live orders, when <see cref="ReserveOutcome.LimitReached"/>, <see cref="ReserveOutcome.OrdersUsedUp"/> or
    /// <see cref="ReserveOutcome.PassUsed"/>.
    /// </summary>
    public string[]? OrderIds { get; init; }

    /// <summary>Seconds, rounded up, until the buyer may order again, when <see cref="ReserveOutcome.CoolingDown"/>.</summary>
    public int CoolsForSeconds { get; init; }

    /// <summary>Redis time of the reservation; of the answer, when <see cref="ReserveOutcome.NotOpen"/>.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>True with <see cref="ReserveOutcome.Unknown"/> when Redis had the item and has it no more: lost, or archived.</summary>
    public bool IsItemGone { get; init; }

    /// <summary>Price and window of the item; null when Redis gave no answer about the item.</summary>
    public ItemTerms? Terms { get; init; }
}
