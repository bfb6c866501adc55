namespace Seckill.LoadTests.Results;

/// <summary>One line of the result.</summary>
/// <param name="Name">What was measured, in words a newcomer knows.</param>
/// <param name="Value">The number with its unit.</param>
/// <param name="Meaning">What it means or what it must be.</param>
/// <param name="Verdict">Whether it is right; information when nothing can be wrong with it.</param>
public sealed record ResultRow(string Name, string Value, string Meaning, RowVerdict Verdict = RowVerdict.Information);

/// <summary>How a row counts towards the exit code.</summary>
public enum RowVerdict
{
    /// <summary>Any value is right.</summary>
    Information,

    /// <summary>It is what it must be.</summary>
    Right,

    /// <summary>It is not what it must be: the exit code is 1.</summary>
    Wrong,
}

/// <summary>Rows that belong together under a heading.</summary>
public sealed record ResultSection(string Title, IReadOnlyList<ResultRow> Rows);
