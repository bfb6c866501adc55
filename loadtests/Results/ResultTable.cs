using Spectre.Console;

namespace Seckill.LoadTests.Results;

/// <summary>Prints sections as one table that is readable at 80 columns, in colour or not.</summary>
public static class ResultTable
{
    /// <summary>True when no row of any section is wrong.</summary>
    public static bool IsRight(IEnumerable<ResultSection> sections) =>
        sections.All(section => section.Rows.All(row => row.Verdict != RowVerdict.Wrong));

    /// <summary>Prints the table.</summary>
    public static void Print(IAnsiConsole console, IReadOnlyList<ResultSection> sections)
    {
        var table = new Table().Border(TableBorder.Rounded).HideHeaders()
            .AddColumn(new TableColumn("").NoWrap())
            .AddColumn(new TableColumn("").NoWrap().RightAligned())
            .AddColumn("");
        foreach (var section in sections)
        {
            if (section != sections[0])
            {
                table.AddEmptyRow();
            }

            table.AddRow($"[bold]{Markup.Escape(section.Title)}[/]", "", "");
            foreach (var row in section.Rows)
            {
                var (colour, mark) = row.Verdict switch
                {
                    RowVerdict.Right => ("green", "ok"),
                    RowVerdict.Wrong => ("red bold", "WRONG"),
                    _ => ("default", ""),
                };
                var meaning = string.Join(": ", new[] { mark, row.Meaning }.Where(part => part.Length > 0));
                table.AddRow(
                    "  " + Markup.Escape(row.Name),
                    $"[{colour}]{Markup.Escape(row.Value)}[/]",
                    row.Verdict == RowVerdict.Wrong ? $"[red]{Markup.Escape(meaning)}[/]" : Markup.Escape(meaning));
            }
        }

        console.Write(table);
    }
}
