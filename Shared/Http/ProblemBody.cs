namespace Seckill.Shared.Http;

/// <summary>The body of every refusal (RFC 9457).</summary>
/// <remarks>As OpenAPI describes it; <see cref="Problem"/> writes it.</remarks>
/// <param name="Type"><c>urn:seckill:problem:</c> and the code.</param>
/// <param name="Title">One sentence for people.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable code for programs.</param>
/// <param name="Errors">With <c>invalid-request</c>: what is wrong, by field.</param>
/// <param name="OrderIds">With <c>limit-reached</c>, <c>orders-used-up</c> and <c>pass-used</c>: the buyer's live orders.</param>
/// <param name="OpensAt">With <c>sale-not-open</c> and <c>room-not-open</c>: UTC.</param>
/// <param name="Challenge">With <c>work-required</c>: what is to be solved.</param>
/// <param name="Bits">With <c>work-required</c>: zero bits with which the hash begins.</param>
/// <param name="Reasons">With <c>not-archivable</c>: what must end first, one sentence each.</param>
public sealed record ProblemBody(
    string Type, string Title, int Status, string Code, IReadOnlyDictionary<string, string[]>? Errors = null,
    IReadOnlyList<string>? OrderIds = null, DateTimeOffset? OpensAt = null, string? Challenge = null, int? Bits = null,
    IReadOnlyList<string>? Reasons = null);
