namespace Seckill.Shared.WaitingRoom;

/// <summary>A buyer who asks for a place.</summary>
/// <param name="UserId">Who.</param>
/// <param name="GivesUp">The place whose turn the buyer has missed; <see cref="Keeps"/>, or <see cref="OnlyLooks"/>.</param>
/// <param name="Group">Counted together with others of the same name; empty for none.</param>
public readonly record struct RoomRegistration(long UserId, int GivesUp, string Group)
{
    /// <summary>The buyer keeps the place that is there.</summary>
    public const int Keeps = -1;

    /// <summary>No place is taken.</summary>
    public const int OnlyLooks = -2;
}
