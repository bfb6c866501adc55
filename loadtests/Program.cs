using System.CommandLine;
using System.CommandLine.Invocation;
using Seckill.LoadTests;
using Seckill.LoadTests.Bench;
using Seckill.LoadTests.Demo;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Tokens;

var commands = new RootCommand("Load tests, demo and benchmarks for a running Seckill system.")
{
    TokenCommand.Create(),
    DemoCommand.Create(),
    BenchCommand.Create(),
    LoadCommand.Create(),
    CompareCommand.Create(),
};

var parsed = commands.Parse(args);
if (parsed.Action is ParseErrorAction)
{
    // Not the built-in answer, which writes help to the standard output, where a script expects tokens.
    foreach (var error in parsed.Errors)
    {
        Console.Error.WriteLine(error.Message);
    }

    Console.Error.WriteLine("Add --help for the options.");
    return ExitCode.Usage;
}

return await parsed.InvokeAsync(new InvocationConfiguration
{
    // A load run that is stopped is still audited; anything else ends at once.
    ProcessTerminationTimeout = args is ["load", ..] ? LoadRun.LongestEnd : TimeSpan.FromSeconds(2),
});
