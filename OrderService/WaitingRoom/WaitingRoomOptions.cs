using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>Settings under <c>WaitingRoom</c>.</summary>
public sealed class WaitingRoomOptions
{
    /// <summary>Buyers who may wait for the registration at one sale on one instance; one more gets 503 at once.</summary>
    [Range(1, 1_000_000)] public int QueueCapacity { get; set; } = 10_000;

    /// <summary>How long a buyer waits for the answer to a registration, milliseconds; then 503, safe to retry.</summary>
    [Range(50, 60_000)] public int TimeoutMilliseconds { get; set; } = 2_000;

    /// <summary>
    /// Registrations a second at one instance above which a sale with a proof of work asks for more: a bit for each doubling.
    /// </summary>
    [Range(1, 1_000_000)] public int CalmRegistrationsPerSecond { get; set; } = 1_000;

    /// <summary>
    /// When the numbers of a room are older than this, milliseconds, a sale that is to go on without its room takes orders without a pass.
    /// </summary>
    [Range(1_000, 600_000)] public int LostAfterMilliseconds { get; set; } = 5_000;
}
