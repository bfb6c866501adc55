using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Storefront;

/// <summary>Where a buyer stands in the waiting room of a sale. What is not known, or means nothing in this state, is null.</summary>
/// <param name="State">
/// registered: the draw is to come; waiting: wait for the turn; admitted: order with the pass; ended: see the reason.
/// </param>
/// <param name="Reason">Why it ended: sold-out (units may come back, and then the place counts again), sale-closed, turn-missed (register
/// again for a place at the end), registration-closed.</param>
/// <param name="Position">In the queue, from 1.</param>
/// <param name="Ahead">Buyers ahead who are not admitted yet.</param>
/// <param name="EtaSeconds">Estimated time until the turn, from the speed of the last 30 seconds.</param>
/// <param name="PollAfterSeconds">When to ask again; null for never.</param>
/// <param name="Pass">For the header Sale-Pass of <c>POST /orders</c>, of this buyer only.</param>
/// <param name="PassExpiresAt">Order before this, UTC.</param>
public readonly record struct QueueView(
    [property: AllowedValues("registered", "waiting", "admitted", "ended")] string State,
    string? Reason,
    [property: AtLeast(1)] int? Position, [property: AtLeast(0)] int? Ahead, [property: AtLeast(0)] int? EtaSeconds,
    [property: AtLeast(1)] int? PollAfterSeconds, string? Pass, DateTimeOffset? PassExpiresAt);
