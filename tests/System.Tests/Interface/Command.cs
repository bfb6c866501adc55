using System.Diagnostics;
using System.Text;

namespace Seckill.System.Tests.Interface;

/// <summary>A program in a folder, with its output as it comes.</summary>
internal sealed class Command : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);
    private readonly Process _process;
    private readonly Task<string> _errors;

    private Command(Process process) => (_process, _errors) = (process, process.StandardError.ReadToEndAsync());

    /// <summary>Starts it. The shell finds the program.</summary>
    public static Command Start(
        string folder, IReadOnlyDictionary<string, string> environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", ["-c", "exec \"$@\"", "bash", program, .. arguments])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        // A build server would outlive its command and hold the pipes open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new Command(process);
    }

    /// <summary>Runs it to its end: everything that it printed. It must end well.</summary>
    public static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        using var command = Start(folder, new Dictionary<string, string>(), program, arguments);
        return await command.EndsAsync();
    }

    /// <summary>Its next line; null at the end.</summary>
    public async Task<string?> NextLineAsync() => await _process.StandardOutput.ReadLineAsync().WaitAsync(s_limit);

    /// <summary>The rest of what it prints. It must end well.</summary>
    public async Task<string> EndsAsync()
    {
        var output = new StringBuilder(await _process.StandardOutput.ReadToEndAsync().WaitAsync(s_limit));
        output.Append(await _errors.WaitAsync(s_limit));
        await _process.WaitForExitAsync().WaitAsync(s_limit);
        Assert.True(_process.ExitCode == 0, $"{_process.StartInfo.ArgumentList[3]} ended with {_process.ExitCode}: {output}");
        return output.ToString();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
