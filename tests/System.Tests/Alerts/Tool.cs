using System.Diagnostics;

namespace Seckill.System.Tests.Alerts;

/// <summary>A program of Debian's package <c>prometheus</c>, which <c>./seckill test</c> installs.</summary>
internal static class Tool
{
    /// <summary>Runs it to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string program, string? input, params string[] arguments)
    {
        using var process = Start(program, arguments);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }

        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, await output + await error);
    }

    /// <summary>Starts it.</summary>
    public static Process Start(string program, params string[] arguments)
    {
        Assert.True(
            Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, program))),
            $"This needs {program}: apt-get install prometheus, or ./seckill test as root, which does it.");
        return Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
    }
}
