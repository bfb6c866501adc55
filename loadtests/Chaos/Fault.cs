namespace Seckill.Chaos;

/// <summary>What is done to the system.</summary>
internal enum FaultKind
{
    /// <summary>kill -9 of a service.</summary>
    KillProcess,

    /// <summary>SIGSTOP of a service, and SIGCONT.</summary>
    PauseProcess,

    /// <summary>SIGTERM of a service, and a new start.</summary>
    RestartProcess,

    /// <summary>kill -9 of a server, and a new start.</summary>
    KillServer,

    /// <summary>SIGSTOP of a server and all its processes, and SIGCONT.</summary>
    PauseServer,

    /// <summary>Connections of a service to a server are reset, new ones refused.</summary>
    CutLink,

    /// <summary>What passes between a service and a server arrives late.</summary>
    DelayLink,

    /// <summary>What one end sends to the other does not arrive until the end of the fault.</summary>
    BlackHoleLink,

    /// <summary>
    /// The next command of an InventoryService that runs one of the operators' scripts is held back: its connection is reset, and Redis
    /// gets it when the caller has given up, and may have asked again.
    /// </summary>
    LateCommand,

    /// <summary>Messages that were delivered are delivered again, in another order.</summary>
    RepeatMessages,

    /// <summary>The queue loses what waits in it.</summary>
    PurgeQueue,

    /// <summary>A service kills itself at a step of the flow.</summary>
    FailPoint,

    /// <summary>PostgreSQL refuses to write orders: the disk is full.</summary>
    DiskFull,

    /// <summary>An API starts anew with a clock that is off by minutes.</summary>
    WrongClock,

    /// <summary>The legacy database swallows rows without a word.</summary>
    SwallowLegacyRows,

    /// <summary>kill -9 of Redis, and a start without the last of its file.</summary>
    LoseRedisTail,

    /// <summary>Redis is emptied.</summary>
    EmptyRedis,

    /// <summary>
    /// A replica that was cut off takes the place of Redis: kill -9, and a start from the files of the moment at which the fault began.
    /// </summary>
    PromoteStaleReplica,
}

/// <summary>One fault of a schedule.</summary>
/// <param name="Kind">What.</param>
/// <param name="Target">A service or a server.</param>
/// <param name="Detail">The other end of a link, a step of the flow, an amount.</param>
/// <param name="At">Milliseconds after the load began.</param>
/// <param name="For">How long, milliseconds.</param>
internal sealed record Fault(FaultKind Kind, string Target, string Detail, int At, int For)
{
    /// <summary>Orders that were in Redis alone may be lost by it, and only by it.</summary>
    public bool LosesData => Kind is FaultKind.LoseRedisTail or FaultKind.EmptyRedis or FaultKind.PromoteStaleReplica;

    public override string ToString() => $"{Kind} {Target}{(Detail.Length > 0 ? " " + Detail : "")} at {At} ms for {For} ms";
}
