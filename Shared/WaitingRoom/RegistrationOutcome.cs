namespace Seckill.Shared.WaitingRoom;

/// <summary>What register.lua answers in place of a place.</summary>
public enum RegistrationOutcome
{
    /// <summary>The buyer has no place, and none was asked for.</summary>
    NotRegistered = -1,
    /// <summary>The room is not open yet.</summary>
    NotOpen = -2,
    /// <summary>The room takes no buyer any more.</summary>
    Closed = -3,
    /// <summary>The group of the buyer has all the places that it may have.</summary>
    GroupFull = -4,
}
