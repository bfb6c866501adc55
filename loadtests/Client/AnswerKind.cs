namespace Seckill.LoadTests.Client;

/// <summary>What a buyer knows after a click.</summary>
public enum AnswerKind
{
    /// <summary>202: the units are reserved.</summary>
    Accepted,

    /// <summary>A documented refusal with a code.</summary>
    Refused,

    /// <summary>No answer, or one that says nothing: the order may exist or not.</summary>
    Unknown,
}
