using System.Net.Sockets;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// Why a call to the legacy database failed, for logs and health. Never the server's own message: it may hold a buyer's data.
/// </summary>
internal static class LegacyFailure
{
    private const string Silent = "the legacy database does not answer in time";
    private const string Disconnected = "the legacy database drops its connections";

    /// <summary>The same words for the same kind of failure. "Down" only when no server accepts a connection.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } => "the legacy database is down",
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } => Disconnected,
        PostgresException { SqlState: var state } => $"the legacy database answers with an error (SQLSTATE {state})",
        TimeoutException or OperationCanceledException or NpgsqlException { InnerException: TimeoutException } => Silent,
        NpgsqlException { InnerException: SocketException { SocketErrorCode: SocketError.TimedOut } } => Silent,
        NpgsqlException { InnerException: SocketException } => "the legacy database is down",
        NpgsqlException { InnerException: IOException } => Disconnected,
        _ => "the legacy database cannot be used",
    };
}
