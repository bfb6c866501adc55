using System.Net;

namespace Seckill.LoadTests.Engine;

/// <summary>One kind of request.</summary>
/// <param name="Name">As in the report.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Member">Member of a successful answer's JSON to keep; null for none.</param>
/// <param name="Index">Place in <see cref="All"/>.</param>
public sealed record Step(string Name, HttpMethod Method, string? Member, int Index)
{
    /// <summary>In place of a member: the whole answer.</summary>
    public const string WholeBody = "*";

    /// <summary>Places an order.</summary>
    public static readonly Step Order = new("order", HttpMethod.Post, null, 0);

    /// <summary>Looks at the sale's page.</summary>
    public static readonly Step Look = new("look", HttpMethod.Get, null, 1);

    /// <summary>Asks for the status of an order.</summary>
    public static readonly Step Poll = new("poll", HttpMethod.Get, "status", 2);

    /// <summary>Follows the events of an order, to the last.</summary>
    public static readonly Step Follow = new("follow", HttpMethod.Get, "status", 3);

    /// <summary>The payment provider reports a payment.</summary>
    public static readonly Step Pay = new("pay", HttpMethod.Post, "outcome", 4);

    /// <summary>Cancels an order.</summary>
    public static readonly Step Cancel = new("cancel", HttpMethod.Post, "status", 5);

    /// <summary>Registers in the waiting room of a sale.</summary>
    public static readonly Step Register = new("register", HttpMethod.Post, WholeBody, 6) { Success = HttpStatusCode.Accepted };

    /// <summary>Asks for the place in the waiting room.</summary>
    public static readonly Step Wait = new("wait", HttpMethod.Get, WholeBody, 7) { Success = HttpStatusCode.Accepted };

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<Step> All = [Order, Look, Poll, Follow, Pay, Cancel, Register, Wait];

    /// <summary>The status of a successful answer to any step but an order.</summary>
    public HttpStatusCode Success { get; private init; } = HttpStatusCode.OK;
}
