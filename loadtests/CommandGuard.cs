using Npgsql;
using Seckill.LoadTests.Client;
using StackExchange.Redis;

namespace Seckill.LoadTests;

/// <summary>Runs a command against the target of the environment, and turns what goes wrong into a message and an exit code.</summary>
internal static class CommandGuard
{
    /// <returns>An exit code.</returns>
    /// <param name="needsStores">True when the connection strings must be set.</param>
    /// <param name="run">The command.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    /// <param name="url">From the command line; overrides ORDER_URLS.</param>
    /// <param name="opsUrl">From the command line; overrides INVENTORY_URL.</param>
    public static async Task<int> RunAsync(
        bool needsStores, Func<LoadTarget, Task<int>> run, CancellationToken cancellationToken, string? url = null, string? opsUrl = null)
    {
        if (!LoadTarget.TryRead(Environment.GetEnvironmentVariable, needsStores, out var target, out var problem, url, opsUrl))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.Usage;
        }

        try
        {
            return await run(target);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped before the end.");
        }
        catch (Exception error) when (
            error is HttpRequestException or RedisException or NpgsqlException or TimeoutException or FormatException
                or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"The run failed. {error.Message}");
        }

        return ExitCode.Wrong;
    }
}
