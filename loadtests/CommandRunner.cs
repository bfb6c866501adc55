using System.CommandLine;
using System.CommandLine.Invocation;
using Seckill.LoadTests.Load;

namespace Seckill.LoadTests;

/// <summary>Runs the command that the command line names.</summary>
public static class CommandRunner
{
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(RootCommand commands, string[] args)
    {
        ArgumentNullException.ThrowIfNull(commands);
        var parsed = commands.Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            // Not the built-in answer, which writes help to the standard output, where a script expects tokens.
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync("Add --help for the options.");
            return ExitCode.Usage;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            // A load run that is stopped is still audited; anything else ends at once.
            ProcessTerminationTimeout = args is ["load", ..] ? LoadRun.LongestEnd : TimeSpan.FromSeconds(2),
        });
    }
}
