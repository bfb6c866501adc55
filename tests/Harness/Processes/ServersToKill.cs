using System.Diagnostics;

namespace Seckill.Tests.Harness.Processes;

/// <summary>Servers that a test or a chaos run may end: started by <c>eng/lib/servers-to-kill.sh</c>, which has the verbs.</summary>
internal static class ServersToKill
{
    /// <summary>Runs a verb.</summary>
    /// <param name="instance">Whose servers.</param>
    /// <param name="arguments">The verb, and what it is about.</param>
    /// <returns>What it prints as NAME=VALUE: connection strings by their settings, and DIRECTORY.</returns>
    /// <exception cref="InvalidOperationException">It failed; with what it said.</exception>
    public static async Task<IReadOnlyDictionary<string, string>> RunAsync(string instance, params string[] arguments)
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
            ? lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split('=', 2)).Where(parts => parts.Length == 2)
                .GroupBy(parts => parts[0], parts => parts[1]).ToDictionary(lines => lines.Key, lines => lines.Last())
            : throw new InvalidOperationException($"{instance} {string.Join(' ', arguments)}: {await complaints}");
    }
}
