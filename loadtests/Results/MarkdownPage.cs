using System.Globalization;
using System.Text;

namespace Seckill.LoadTests.Results;

/// <summary>A page of Markdown in the invariant culture.</summary>
public class MarkdownPage
{
    private readonly StringBuilder _text = new();

    /// <summary>A line of text.</summary>
    /// <param name="parts">Joined.</param>
    public void Line(params FormattableString[] parts) =>
        _text.AppendJoin("", parts.Select(part => part.ToString(CultureInfo.InvariantCulture))).Append('\n');

    /// <summary>A table after an empty line.</summary>
    public void Table(IReadOnlyList<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        _text.Append('\n');
        foreach (var row in (IEnumerable<string>[])[head, head.Select(_ => "---"), .. rows])
        {
            _text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        }
    }

    /// <summary>A table under a heading.</summary>
    public void Table(string title, IReadOnlyList<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        Line($"");
        Line($"## {title}");
        Table(head, rows);
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
