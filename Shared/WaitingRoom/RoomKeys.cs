namespace Seckill.Shared.WaitingRoom;

/// <summary>The Redis keys of the waiting room of a sale, under a hash tag of their own.</summary>
/// <remarks>They live as long as the sale's other keys and have no expiry. A place costs about 100 bytes.</remarks>
internal sealed class RoomKeys
{
    public RoomKeys(long saleId)
    {
        var tag = string.Create(CultureInfo.InvariantCulture, $"seckill:{{room:{saleId}}}:");
        (Room, Places, Registrations, Groups, Steps, Used) =
            (tag + "room", tag + "places", tag + "registrations", tag + "groups", tag + "steps", tag + "used");
        ForRegister = [Room, Places, Registrations, Groups];
        ForLook = [Room, Registrations, Steps];
        ForAdmit = [Room, Registrations, Steps, Used];
    }

    public RedisKey[] All => [Room, Places, Registrations, Groups, Steps, Used];

    /// <summary>Hash: settings, secret, draw, and the numbers of the admission.</summary>
    public RedisKey Room { get; }

    /// <summary>Hash: user → place, counted from 0 in the order of registration.</summary>
    public RedisKey Places { get; }

    /// <summary>List: the users by place. A user who took a second place stands in it twice.</summary>
    public RedisKey Registrations { get; }

    /// <summary>Hash: group → its places.</summary>
    public RedisKey Groups { get; }

    /// <summary>List: how far was admitted, and when by the clock of the room.</summary>
    public RedisKey Steps { get; }

    /// <summary>Sorted set: positions whose pass was used and has not expired yet.</summary>
    public RedisKey Used { get; }

    public RedisKey[] ForRegister { get; }
    public RedisKey[] ForLook { get; }
    public RedisKey[] ForAdmit { get; }
}
