namespace Seckill.Shared.Schema;

/// <summary>What a failure of PostgreSQL means, by its SQLSTATE class (PostgreSQL documentation, appendix A).</summary>
public static class PostgresErrors
{
    // The server cannot do it now: connection (08), transaction state, such as read-only after a failover (25), a login or a database that
    // this server does not have, such as a new primary with other rules (28, 3D), rolled back, such as a deadlock (40), out of disk or
    // connections (53), shutdown or cancelled statement (57), system error (58).
    private static readonly string[] s_unavailable = ["08", "25", "28", "3D", "40", "53", "57", "58"];

    // A value does not fit (22), a constraint forbids it (23).
    private static readonly string[] s_faultOfData = ["22", "23"];

    /// <summary>True when nothing is wrong with the request: the same call succeeds once PostgreSQL is available again.</summary>
    public static bool IsUnavailable(Exception? exception) => exception switch
    {
        TimeoutException => true,
        PostgresException postgres => postgres.IsTransient || IsOfClass(postgres, s_unavailable) || IsBeforeUpgrade(postgres),
        // The client's own: no connection, or an answer that is none. A server that is just dying answers the request for TLS with an
        // error, and Npgsql does not call that transient.
        NpgsqlException => true,
        _ => false,
    };

    /// <summary>
    /// True when another host, or a new connection to the same one, may do what failed: the server has become read-only, or none of several
    /// hosts is known to be the primary.
    /// </summary>
    public static bool IsOfWrongHost(Exception? exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction,
        // The client has no type for it. Its first form has the failures of all hosts in it, its second one has no host to try.
        NpgsqlException none => none.InnerException is AggregateException || none.Message == "No suitable host was found.",
        _ => false,
    };

    /// <summary>True when the data is at fault, so that a retry cannot help.</summary>
    public static bool IsFaultOfData(Exception? exception) =>
        exception is PostgresException postgres && IsOfClass(postgres, s_faultOfData);

    /// <summary>What the server said, with its SQLSTATE; without the client library's remark that it keeps details to itself.</summary>
    public static string ReasonOf(Exception exception) =>
        exception is PostgresException postgres ? $"{postgres.SqlState}: {postgres.MessageText}" : exception.Message;

    // Just after the start with a new database, or of a new version.
    private static bool IsBeforeUpgrade(PostgresException exception) => exception.SqlState
        is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedFunction;

    private static bool IsOfClass(PostgresException exception, string[] classes) =>
        Array.Exists(classes, one => exception.SqlState.StartsWith(one, StringComparison.Ordinal));
}
