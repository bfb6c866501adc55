using System.Text.Json;

namespace Seckill.LoadTests.Client;

/// <summary>The documented codes of refused orders, and the status that each comes with.</summary>
public static class RefusalCode
{
    /// <summary>The stock store is down, the outbox is full, or the process stops. Safe to retry.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>More came at once than can be served. Safe to retry.</summary>
    public const string Busy = "busy";

    /// <summary>No unit is left for this quantity.</summary>
    public const string SoldOut = "sold-out";

    /// <summary>The buyer has what one person may have; the answer names their orders.</summary>
    public const string LimitReached = "limit-reached";

    /// <summary>The same key came with another quantity.</summary>
    public const string KeyReused = "idempotency-key-reused";

    /// <summary>Too many requests from one buyer or address.</summary>
    public const string RateLimited = "rate-limited";

    /// <summary>The item is not part of an opened sale.</summary>
    public const string UnknownItem = "unknown-item";

    /// <summary>The sale has a waiting room, and the order came without a pass of it.</summary>
    public const string PassRequired = "pass-required";

    /// <summary>The pass has expired.</summary>
    public const string PassExpired = "pass-expired";

    /// <summary>The turn of the pass has its order.</summary>
    public const string PassUsed = "pass-used";

    /// <summary>The buyer has made all orders that one may ever make; the answer names the live ones.</summary>
    public const string OrdersUsedUp = "orders-used-up";

    /// <summary>An order of the buyer was cancelled or expired a moment ago.</summary>
    public const string CoolingDown = "cooling-down";

    private static readonly (string Code, int Status)[] s_documented =
    [
        (SoldOut, 409), (LimitReached, 409), (KeyReused, 422), (RateLimited, 429), (Unavailable, 503), (Busy, 503),
        ("sale-not-open", 409), ("sale-closed", 409), (UnknownItem, 404), ("invalid-request", 400), ("unauthenticated", 401),
        (PassRequired, 403), (PassExpired, 403), (PassUsed, 403), ("user-denied", 403), ("request-timeout", 408), ("too-large", 413),
        ("not-json", 415), (OrdersUsedUp, 409), (CoolingDown, 429),
    ];

    /// <summary>All documented codes; those of a healthy sale come first.</summary>
    public static IReadOnlyList<string> All { get; } = [.. s_documented.Select(entry => entry.Code)];

    /// <summary>Position of a documented code in <see cref="All"/>.</summary>
    public static int IndexOf(string code) => Array.FindIndex(s_documented, entry => entry.Code == code);

    /// <summary>True when the contract has this code under this status.</summary>
    public static bool IsDocumented(string code, int status) => s_documented.Contains((code, status));

    /// <summary>The code at the reader's position, without allocating for a documented one.</summary>
    internal static string Read(ref Utf8JsonReader reader)
    {
        foreach (var (code, _) in s_documented)
        {
            if (reader.ValueTextEquals(code))
            {
                return code;
            }
        }

        return reader.GetString() ?? "";
    }
}
