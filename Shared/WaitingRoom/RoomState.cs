namespace Seckill.Shared.WaitingRoom;

/// <summary>The numbers of a waiting room at one instant. From them, every instance computes the answer to each buyer.</summary>
public sealed record RoomState
{
    /// <summary>Redis time of the reading.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Names the room: another one means that Redis lost the room and a new one was made.</summary>
    public required string Commitment { get; init; }

    /// <summary>32 bytes, hex. Not published before <see cref="Seed"/> is there.</summary>
    public required string Secret { get; init; }

    /// <summary>Hides the users in the leaves: 32 bytes, never published.</summary>
    public required byte[] BlindKey { get; init; }

    /// <summary>Registration begins.</summary>
    public required DateTimeOffset OpensAt { get; init; }

    /// <summary>The draw.</summary>
    public required DateTimeOffset DrawsAt { get; init; }

    /// <summary>Most buyers admitted in a second.</summary>
    public required int AdmitPerSecond { get; init; }

    /// <summary>How long a pass lasts, milliseconds of the clock of the room.</summary>
    public required long PassMilliseconds { get; init; }

    /// <summary>Difficulty of the proof of work.</summary>
    public int WorkBits { get; init; }

    /// <summary>Most places of a group; 0 for any number.</summary>
    public int GroupLimit { get; init; }

    /// <summary>What the operator made of it.</summary>
    public RoomMode Mode { get; init; }

    /// <summary>Names the public value; empty for none.</summary>
    public string BeaconName { get; init; } = "";

    /// <summary>The public value; empty while unknown, or when there is none.</summary>
    public string Beacon { get; init; } = "";

    /// <summary>Number of those who take part in the draw; null before it.</summary>
    public int? Sealed { get; init; }

    /// <summary>When that number was fixed.</summary>
    public DateTimeOffset? SealedAt { get; init; }

    /// <summary>Merkle root over their registrations, hex; null before it is fixed.</summary>
    public string? Root { get; init; }

    /// <summary>When it was fixed.</summary>
    public DateTimeOffset? RootAt { get; init; }

    /// <summary>Seed of the draw, hex; null before it.</summary>
    public string? Seed { get; init; }

    /// <summary>Places taken so far.</summary>
    public int Places { get; init; }

    /// <summary>Positions below this one are, or were, admitted.</summary>
    public int Served { get; init; }

    /// <summary>Positions below this one had their turn.</summary>
    public int Expired { get; init; }

    /// <summary>Admitted, not expired, and no order yet.</summary>
    public int Out { get; init; }

    /// <summary>Milliseconds for which the room has admitted, when <see cref="TickAt"/> was.</summary>
    public long Clock { get; init; }

    /// <summary>When the admission was last looked at; null for never.</summary>
    public DateTimeOffset? TickAt { get; init; }

    /// <summary>Units for sale; below 0 while unknown.</summary>
    public int Units { get; init; } = -1;

    /// <summary>The sale is over, or closed by hand.</summary>
    public bool IsClosed { get; init; }

    /// <summary>Those who bought, and those whose turn is over, among the newest: what is known of who does not come.</summary>
    public (int Came, int Gone) Turnout { get; init; }

    /// <summary>Whether the clock of the room runs.</summary>
    public bool IsSelling => Seed is not null && Units > 0 && !IsClosed && Mode is RoomMode.Open or RoomMode.Draining;

    /// <summary>Reads a room as look.lua answers it.</summary>
    internal static RoomState Read(long now, RedisValue[] pairs, int places)
    {
        var fields = new Dictionary<string, RedisValue>(pairs.Length / 2);
        for (var i = 0; i < pairs.Length; i += 2)
        {
            fields[pairs[i]!] = pairs[i + 1];
        }

        return new RoomState
        {
            Now = At(now), Places = places, Commitment = Text("commitment")!, Secret = Text("secret")!,
            BlindKey = Convert.FromHexString(Text("blind")!), OpensAt = At(Number("opens")),
            DrawsAt = At(Number("draws")), AdmitPerSecond = (int)Number("rate"), PassMilliseconds = Number("pass_ms"),
            WorkBits = (int)Number("work"), GroupLimit = (int)Number("group_limit"),
            Mode = RoomModes.TryParse(Text("mode"), out var mode) ? mode : RoomMode.Open,
            BeaconName = Text("beacon_name") ?? "", Beacon = Text("beacon") ?? "",
            Sealed = fields.ContainsKey("sealed") ? (int)Number("sealed") : null, SealedAt = Time("sealed_at"),
            Root = Text("root"), RootAt = Time("root_at"), Seed = Text("seed"),
            Served = (int)Number("served"), Expired = (int)Number("expired"), Out = (int)Number("out"), Clock = Number("clock"),
            TickAt = Time("tick_at"), Units = fields.ContainsKey("units") ? (int)Number("units") : -1, IsClosed = Text("closed") == "1",
            Turnout = ((int)Number("came"), (int)Number("gone")),
        };

        string? Text(string field) => fields.TryGetValue(field, out var value) ? (string?)value : null;
        long Number(string field) => fields.TryGetValue(field, out var value) && value.TryParse(out long number) ? number : 0;
        DateTimeOffset? Time(string field) => Number(field) is > 0 and var ms ? At(ms) : null;
        static DateTimeOffset At(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);
    }
}
