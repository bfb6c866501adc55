namespace Seckill.OrderService.WaitingRoom;

/// <summary>Where a buyer stands.</summary>
internal enum QueueTurn
{
    /// <summary>Registered; the draw is to come.</summary>
    Registered,
    /// <summary>Has a position.</summary>
    Waiting,
    /// <summary>May order.</summary>
    Admitted,
    /// <summary>Nothing is for sale now; the places stay in case units come back.</summary>
    SoldOut,
    /// <summary>The sale is over.</summary>
    SaleClosed,
    /// <summary>The pass has expired; to register again gives a place at the end.</summary>
    TurnMissed,
    /// <summary>Not registered, and the room registers no buyer any more.</summary>
    RegistrationClosed,
}
