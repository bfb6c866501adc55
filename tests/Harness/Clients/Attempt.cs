namespace Seckill.Tests.Harness.Clients;

/// <summary>One line of the clients' log: what was asked, and what came back.</summary>
/// <param name="UserId">Who asked.</param>
/// <param name="SkuId">For what.</param>
/// <param name="Quantity">For how many units.</param>
/// <param name="Key">The Idempotency-Key, if any.</param>
/// <param name="Status">HTTP status; 0 when no answer came.</param>
/// <param name="Code">The problem's code, or why no answer came.</param>
/// <param name="OrderIds">The order of a 202, the buyer's orders of a limit-reached, else nothing.</param>
/// <param name="HasRetryAfter">Whether the answer says when to try again.</param>
/// <param name="Took">From the first byte sent to the last received.</param>
internal sealed record Attempt(
    long UserId, long SkuId, int Quantity, string? Key, int Status, string? Code, IReadOnlyList<string> OrderIds, bool HasRetryAfter,
    TimeSpan Took)
{
    public bool IsAccepted => Status == 202;

    /// <summary>True when units may be held without the client's knowledge.</summary>
    public bool IsUnknown => Status is 0 or 503;

    /// <summary>The order of a 202; empty for anything else.</summary>
    public string OrderId => IsAccepted ? OrderIds[0] : "";

    public override string ToString() =>
        $"user {UserId}, {Quantity} of {SkuId}, key {Key ?? "none"}: {Status} {Code} {string.Join(' ', OrderIds)} "
        + $"after {Took.TotalMilliseconds:0} ms";
}

/// <summary>An order that its buyer looked up.</summary>
/// <param name="Status">HTTP status; 0 when no answer came.</param>
/// <param name="OrderStatus">Of a 200.</param>
/// <param name="Took">From the first byte sent to the last received.</param>
internal sealed record Look(int Status, string? OrderStatus, TimeSpan Took);

/// <summary>What came back to anything but an order.</summary>
/// <param name="Status">HTTP status; 0 when no answer came.</param>
/// <param name="Said">The order's status or the payment's outcome; the code of a problem; why no answer came.</param>
internal sealed record Answer(int Status, string? Said);

/// <summary>What the waiting room answered.</summary>
/// <param name="Status">HTTP status; 0 when no answer came.</param>
/// <param name="Said">The state, the code of a problem, or why no answer came.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Pass">When it is the buyer's turn.</param>
/// <param name="Position">From 1.</param>
internal sealed record QueueAnswer(int Status, string? Said, string? Reason, string? Pass, int? Position);
