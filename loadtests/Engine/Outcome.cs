using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Engine;

/// <summary>How an outcome counts.</summary>
public enum OutcomeKind
{
    /// <summary>An order was accepted.</summary>
    Accepted,

    /// <summary>A request other than an order succeeded.</summary>
    Answered,

    /// <summary>A documented refusal.</summary>
    Refused,

    /// <summary>No answer, or one that the contract does not have.</summary>
    Failed,
}

/// <summary>The outcome of one request.</summary>
public sealed class Outcome
{
    private static readonly List<Outcome> s_all = [];

    private Outcome(string name, OutcomeKind kind)
    {
        (Name, Kind, Index) = (name, kind, s_all.Count);
        s_all.Add(this);
    }

    /// <summary>202.</summary>
    public static Outcome Accepted { get; } = new("accepted", OutcomeKind.Accepted);

    /// <summary>Another success.</summary>
    public static Outcome Answered { get; } = new("answered", OutcomeKind.Answered);

    /// <summary>No connection could be made.</summary>
    public static Outcome NotConnected { get; } = new(OrderAnswer.NotSent, OutcomeKind.Failed);

    /// <summary>The connection broke before the answer was complete.</summary>
    public static Outcome ConnectionLost { get; } = new("connection-lost", OutcomeKind.Failed);

    /// <summary>The request, or the wait for a connection, took longer than the timeout.</summary>
    public static Outcome TimedOut { get; } = new("timeout", OutcomeKind.Failed);

    /// <summary>A status, a code or a body that the contract does not have.</summary>
    public static Outcome Undocumented { get; } = new("undocumented", OutcomeKind.Failed);

    private static readonly Dictionary<string, Outcome> s_refusals = ((string[])
        [.. RefusalCode.All, "unknown-order", "unknown-sale", "not-cancellable", "payment-id-reused", "not-registered",
            "room-not-open", "no-waiting-room"])
        .ToDictionary(code => code, code => new Outcome(code, OutcomeKind.Refused), StringComparer.Ordinal);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Outcome> All => s_all;

    /// <summary>As in the report.</summary>
    public string Name { get; }

    /// <summary>How it counts.</summary>
    public OutcomeKind Kind { get; }

    /// <summary>Place in <see cref="All"/>.</summary>
    public int Index { get; }

    /// <summary>
    /// True when the request was not served: failures, and <c>unavailable</c> and <c>busy</c>, which are documented but not what a buyer
    /// wants.
    /// </summary>
    public bool IsError => Kind == OutcomeKind.Failed || Name is RefusalCode.Unavailable or RefusalCode.Busy;

    /// <summary>The outcome of an order's answer.</summary>
    public static Outcome Of(in OrderAnswer answer) => answer.Kind switch
    {
        AnswerKind.Accepted => Accepted,
        AnswerKind.Refused => Find(answer.Code) ?? Undocumented,
        _ => Failure(answer.Code),
    };

    /// <summary>The documented refusal with this code; null when there is none.</summary>
    public static Outcome? Find(string code) => s_refusals.GetValueOrDefault(code);

    /// <summary>The refusal with this code, which is a documented one.</summary>
    public static Outcome Refusal(string code) => s_refusals[code];

    /// <summary>How a request failed.</summary>
    public static Outcome Failure(string code) => code switch
    {
        OrderAnswer.NotSent => NotConnected,
        OrderAnswer.TimedOut => TimedOut,
        OrderAnswer.ConnectionLost => ConnectionLost,
        _ => Undocumented,
    };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
