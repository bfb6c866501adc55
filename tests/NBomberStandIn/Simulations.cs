using NBomber.Contracts;

namespace NBomber.StandIn;

public sealed record KeepConstant(int Copies, TimeSpan During) : LoadSimulation(During);

public sealed record Inject(int Rate, TimeSpan Interval, TimeSpan During) : LoadSimulation(During);

public sealed record Pause(TimeSpan During) : LoadSimulation(During);
