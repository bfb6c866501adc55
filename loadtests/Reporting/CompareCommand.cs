using System.CommandLine;
using System.Text.Json;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Reporting;

/// <summary><c>compare A B</c>: two reports side by side.</summary>
public static class CompareCommand
{
    /// <summary>The command; the root has it, and so has <c>load</c>.</summary>
    public static Command Create()
    {
        var before = new Argument<string>("before") { Description = "A directory of a report, or its report.json." };
        var after = new Argument<string>("after") { Description = "Another one." };
        var command = new Command("compare", "Shows two reports of load runs side by side.") { before, after };
        command.SetAction((parsed, _) => RunAsync(parsed.GetRequiredValue(before), parsed.GetRequiredValue(after)));
        return command;
    }

    private static async Task<int> RunAsync(string before, string after)
    {
        try
        {
            var (left, right) = (await ReadAsync(before), await ReadAsync(after));
            var comparison = Comparison.Of(left, right);
            comparison.Print(PlainConsole.Create());
            return ExitCode.Right;
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"Cannot compare: {error.Message}");
            return ExitCode.Usage;
        }
    }

    private static Task<RunReport> ReadAsync(string path) =>
        RunReport.ReadAsync(Directory.Exists(path) ? Path.Combine(path, "report.json") : path);
}
