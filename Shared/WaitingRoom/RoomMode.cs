namespace Seckill.Shared.WaitingRoom;

/// <summary>What an operator has made of a waiting room.</summary>
public enum RoomMode
{
    /// <summary>It registers and admits.</summary>
    Open,
    /// <summary>It registers buyers and admits none. Passes that are out keep the time that they have left.</summary>
    Paused,
    /// <summary>It registers no buyer any more and admits those who are in it.</summary>
    Draining,
    /// <summary>The sale needs no pass.</summary>
    Off,
}

/// <summary>Their names in Redis, PostgreSQL and HTTP.</summary>
public static class RoomModes
{
    /// <summary>Lower case.</summary>
    public static string Text(this RoomMode mode) => mode switch
    {
        RoomMode.Open => "open",
        RoomMode.Paused => "paused",
        RoomMode.Draining => "draining",
        RoomMode.Off => "off",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, null),
    };

    /// <summary>Reads what <see cref="Text"/> wrote; false for anything else.</summary>
    public static bool TryParse(string? text, out RoomMode mode)
    {
        foreach (var known in Enum.GetValues<RoomMode>())
        {
            if (known.Text() == text)
            {
                mode = known;
                return true;
            }
        }

        mode = default;
        return false;
    }
}
