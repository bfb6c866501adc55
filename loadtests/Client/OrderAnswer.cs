namespace Seckill.LoadTests.Client;

/// <summary>The storefront's answer to one <c>POST /orders</c>, reduced to what a buyer can rely on.</summary>
/// <param name="Kind">Accepted, refused or unknown.</param>
/// <param name="Code">The stable code of a refusal, or a word for the way the answer failed (<c>timeout</c>, <c>http-500</c>).</param>
public readonly record struct OrderAnswer(AnswerKind Kind, string Code)
{
    /// <summary>The order, when accepted.</summary>
    public string? OrderId { get; init; }

    /// <summary>The units sold, when accepted.</summary>
    public int Units { get; init; }

    /// <summary>The orders that a refusal names as the buyer's own.</summary>
    public IReadOnlyList<string> NamedOrders { get; init; } = [];

    /// <summary>How long the storefront asks to wait before the next try.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>How the answer departs from the documented contract; null when it does not.</summary>
    public string? Departure { get; init; }

    /// <summary>The code of a request that never left: no connection could be made.</summary>
    public const string NotSent = "not-connected";

    /// <summary>The code of a request whose answer took too long.</summary>
    public const string TimedOut = "timeout";

    /// <summary>The code of a request whose connection broke.</summary>
    public const string ConnectionLost = "connection-lost";

    /// <summary>True when units may have been reserved without an answer that says so. A 503 can follow a reservation
    /// whose reply was lost on the way from Redis, so it counts.</summary>
    public bool MayHaveReserved => Code == RefusalCode.Unavailable || (Kind == AnswerKind.Unknown && Code != NotSent);

    /// <summary>No usable answer arrived.</summary>
    public static OrderAnswer Unknown(string code, string? departure = null) => new(AnswerKind.Unknown, code) { Departure = departure };
}
