namespace Seckill.LoadTests.Client;

/// <summary>The answer of a waiting room.</summary>
/// <param name="State">registered, waiting, admitted or ended.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Position">From 1; null before the draw.</param>
/// <param name="PollAfterSeconds">When to ask again; null for never.</param>
/// <param name="Pass">For the order, when admitted.</param>
/// <param name="PassExpiresAt">Until when.</param>
public sealed record QueueAnswer(
    string State, string? Reason, int? Position, int? PollAfterSeconds, string? Pass, DateTimeOffset? PassExpiresAt);
