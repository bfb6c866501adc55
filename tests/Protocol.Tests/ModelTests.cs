namespace Seckill.Protocol.Tests;

/// <summary>
/// Promise: the protocol itself keeps its promises, whatever the order of steps and kills; spin looks at all of them
/// (docs/protocol). Whether the code is the model is what the other tests are for.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    public static TheoryData<string, string> Runs =>
        Spin.Runs(line => line.Contains("| holds", StringComparison.Ordinal) && !line.Contains("LIVENESS", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Runs))]
    public Task Spin_finds_that_the_protocol_keeps_its_promises(string name, string expected) =>
        Spin.AssertFindsAsync(name, expected, output);
}
