using System.Globalization;

namespace Seckill.Chaos;

/// <summary>
/// What a run does, drawn from its seed: the sale and the faults. The same seed is the same schedule. What the system makes of it
/// also depends on timing, which no seed decides: a replay is the same attack, not the same race.
/// </summary>
internal sealed record Schedule(
    int Seed, int Items, int Units, int LimitPerUser, int PaymentTimeoutSeconds, int Clients, int LoadMilliseconds,
    IReadOnlyList<Fault> Faults)
{
    /// <summary>Buyers wait for their turn.</summary>
    public bool HasRoom { get; init; }

    public static readonly string[] Apis = ["api-1", "api-2"];
    public static readonly string[] Workers = ["worker-1", "worker-2"];
    public static readonly string[] Inventories = ["inventory-1", "inventory-2"];
    public static readonly string[] Processes = [.. Apis, .. Workers, .. Inventories];
    public static readonly string[] Servers = ["redis", "rabbitmq", "postgres", "postgres-legacy"];

    private const int FewestFaults = 5;
    private const int MostFaults = 8;
    private const int Load = 4_000;
    private const int Shoppers = 24;

    // The steps at which a process may kill itself, and who takes them.
    private static readonly (string Step, string[] Who)[] s_steps =
    [
        ("3-reserved", Apis), ("5-not-published", Apis), ("5-published", Apis), ("payment-applied", Apis),
        ("6-not-persisted", Workers), ("6-persisted", Workers), ("7-settled", Workers),
        ("8-claimed", Workers), ("8-written", Workers), ("8-marked", Workers),
        ("9-not-released", Inventories), ("9-released", Inventories), ("10-claimed", Inventories),
        ("events-published", Inventories), ("sale-state-written", Inventories), ("stock-change-started", Inventories),
        ("stock-change-made", Inventories),
        ("12-Reset", Inventories), ("12-Restore", Inventories), ("12-Epoch", Inventories), ("12-Reopen", Inventories),
    ];

    // How often each is drawn. A broker that starts anew takes longest, so it is not drawn as often as it could be.
    private static readonly (FaultKind Kind, int Weight)[] s_weights =
    [
        (FaultKind.KillProcess, 14), (FaultKind.PauseProcess, 8), (FaultKind.RestartProcess, 4), (FaultKind.KillServer, 7),
        (FaultKind.PauseServer, 7), (FaultKind.CutLink, 12), (FaultKind.DelayLink, 6), (FaultKind.BlackHoleLink, 12),
        (FaultKind.RepeatMessages, 8), (FaultKind.PurgeQueue, 4), (FaultKind.FailPoint, 24), (FaultKind.DiskFull, 5),
        (FaultKind.WrongClock, 3), (FaultKind.SwallowLegacyRows, 4), (FaultKind.LoseRedisTail, 9), (FaultKind.EmptyRedis, 3),
        (FaultKind.LateCommand, 24), (FaultKind.PromoteStaleReplica, 9),
    ];

    public bool LosesData => Faults.Any(fault => fault.LosesData);

    public static Schedule Draw(int seed)
    {
        var dice = new Random(seed);
        var faults = Enumerable.Range(0, dice.Next(FewestFaults, MostFaults + 1)).Select(_ => DrawFault(dice, Pick(dice, s_weights)));
        // Sold out in a second, with units that come back; or sold from the first fault to the last.
        var units = dice.Next(2) == 0 ? dice.Next(40, 160) : dice.Next(400, 1_500);
        var schedule = new Schedule(
            seed, dice.Next(1, 3), units, dice.Next(1, 4), dice.Next(2) == 0 ? 2 : 3600, Shoppers, Load,
            [.. faults.OrderBy(fault => fault.At)]);
        return dice.Next(3) == 0 ? schedule.WithRoom() : schedule;
    }

    /// <summary>The same sale with a waiting room, and with more clients: most of them stand in line.</summary>
    public Schedule WithRoom() => this with { HasRoom = true, Clients = 4 * Shoppers };

    /// <summary>The same sale with stock to the end; Redis gets the operators' calls of one script late, by either service.</summary>
    public Schedule WithLateCommands(string script, int milliseconds) => this with
    {
        Units = 3_000,
        PaymentTimeoutSeconds = 3600,
        Faults =
        [
            .. Enumerable.Range(0, 6).Select(i => new Fault(
                FaultKind.LateCommand, Inventories[i % Inventories.Length], "redis " + script, 200 + (i * 600), milliseconds)),
        ],
    };

    /// <summary>One line for each part, for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        seed {Seed}: {Items} items of {Units} units, {LimitPerUser} for each buyer, {PaymentTimeoutSeconds} s to pay
        {Clients} clients for {LoadMilliseconds} ms{(HasRoom ? ", with a waiting room" : "")}
        {string.Join('\n', Faults)}
        """);

    private static Fault DrawFault(Random dice, FaultKind kind)
    {
        var (at, length) = (dice.Next(300, Load - 500), dice.Next(300, 1_800));
        Fault On(string target, string detail = "") => new(kind, target, detail, at, length);
        string One(string[] some) => some[dice.Next(some.Length)];
        switch (kind)
        {
            case FaultKind.KillServer or FaultKind.PauseServer:
                return On(One(Servers));
            case FaultKind.CutLink:
                return On(One(Processes), One(Servers));
            case FaultKind.DelayLink:
                return On(One(Processes), One(Servers) + " " + dice.Next(20, 300).ToString(CultureInfo.InvariantCulture));
            case FaultKind.BlackHoleLink:
                return On(One(Processes), One(Servers) + " " + One(["requests", "replies"]));
            case FaultKind.LateCommand:
                return On(One(Inventories), "redis " + One(OperatorScripts.All)) with { For = dice.Next(300, 3_000) };
            case FaultKind.FailPoint:
                var (step, who) = s_steps[dice.Next(s_steps.Length)];
                return On(One(who), step);
            case FaultKind.WrongClock:
                return On(One(Apis), dice.Next(-240, 240).ToString(CultureInfo.InvariantCulture));
            case FaultKind.LoseRedisTail:
                return On("redis", dice.Next(500, 20_000).ToString(CultureInfo.InvariantCulture));
            case FaultKind.RepeatMessages or FaultKind.PurgeQueue:
                return On("rabbitmq");
            case FaultKind.EmptyRedis or FaultKind.PromoteStaleReplica:
                return On("redis");
            case FaultKind.DiskFull:
                return On("postgres");
            case FaultKind.SwallowLegacyRows:
                return On("postgres-legacy");
            default:
                return On(One(Processes));
        }
    }

    private static FaultKind Pick(Random dice, (FaultKind Kind, int Weight)[] from)
    {
        var roll = dice.Next(from.Sum(one => one.Weight));
        return from.First(one => (roll -= one.Weight) < 0).Kind;
    }
}
