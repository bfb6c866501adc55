using System.Diagnostics;

namespace Seckill.Tests.Harness.Processes;

/// <summary>Servers that a test or a chaos run may end: started by <c>eng/lib/servers-to-kill.sh</c>, which has the verbs.</summary>
internal static class ServersToKill
{
    /// <summary>Starts all of them, empty.</summary>
    /// <param name="instance">Whose servers.</param>
    /// <param name="topology">Nothing, or <c>cluster</c>.</param>
    /// <returns>Connection strings by their settings, and DIRECTORY.</returns>
    /// <exception cref="InvalidOperationException">They do not start; with what the script said.</exception>
    public static async Task<IReadOnlyDictionary<string, string>> StartAsync(string instance, params string[] topology) =>
        (await AskAsync(instance, ["up", .. topology])).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2)).Where(parts => parts.Length == 2).ToDictionary(parts => parts[0], parts => parts[1]);

    /// <summary>Runs another verb.</summary>
    /// <param name="instance">Whose servers.</param>
    /// <param name="arguments">The verb, and what it is about.</param>
    /// <exception cref="InvalidOperationException">It failed; with what the script said.</exception>
    public static Task RunAsync(string instance, params string[] arguments) => AskAsync(instance, arguments);

    private static async Task<string> AskAsync(string instance, string[] arguments)
    {
        using var script = Process.Start(new ProcessStartInfo(
            "bash", [Path.Combine(Checkout.Root, "eng", "lib", "servers-to-kill.sh"), instance, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var complaints = script.StandardError.ReadToEndAsync();
        var lines = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        return script.ExitCode == 0
            ? lines : throw new InvalidOperationException($"{instance} {string.Join(' ', arguments)}: {await complaints}");
    }
}
