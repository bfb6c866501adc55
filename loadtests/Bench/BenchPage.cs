using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench;

/// <summary>Where a benchmark's figures are from.</summary>
/// <param name="Date">UTC.</param>
/// <param name="Command">The command line.</param>
/// <param name="Commit">Of the checkout; <c>unknown</c> outside one.</param>
/// <param name="Machine">Machine and versions.</param>
public sealed record BenchOrigin(DateTimeOffset Date, string Command, string Commit, Machine Machine);

/// <summary>The page of a benchmark: one head, and one table of bars.</summary>
internal sealed class BenchPage : MarkdownPage
{
    /// <param name="title">Heading.</param>
    /// <param name="origin">Where the figures are from.</param>
    public BenchPage(string title, BenchOrigin origin)
    {
        var machine = origin.Machine;
        Line($"# {title}");
        Line($"");
        Line(
            $"Written by `{origin.Command}` on {origin.Date:yyyy-MM-dd HH:mm} UTC at commit {origin.Commit}; ",
            $"nothing here is typed by hand.");
        Line($"Everything shares one machine: the load, the services and all servers. So read the ratios.");
        Line($"{machine.Cpu}, {machine.Cores} cores, {machine.MemoryGigabytes} GB, {machine.Kernel}, .NET {machine.DotNet},");
        Line(
            $"Redis {machine.Redis} (`appendfsync always`), PostgreSQL {machine.Postgres} (`fsync on`), ",
            $"RabbitMQ {machine.RabbitMq} (quorum queue).");
    }

    /// <summary>The bars as a table.</summary>
    public void Bars(IEnumerable<Bar> bars) => Table(
        ["bar", "needed", "measured", "met"],
        bars.Select(bar => (string[])[bar.Name, bar.Needed, bar.Value, bar.IsMet ? "yes" : "**no**"]));

    /// <summary>Writes the page and shows the bars.</summary>
    /// <param name="console">Shows the bars.</param>
    /// <param name="directory">Created when missing.</param>
    /// <param name="name">Of the file.</param>
    /// <param name="bars">May be empty.</param>
    public async Task WriteAsync(IAnsiConsole console, string directory, string name, IReadOnlyCollection<Bar> bars)
    {
        Directory.CreateDirectory(directory);
        var file = Path.Combine(directory, name);
        await File.WriteAllTextAsync(file, ToString());
        if (bars.Count > 0)
        {
            var table = new Table().Border(TableBorder.Rounded).AddColumns("bar", "needed", "measured", "met");
            foreach (var bar in bars)
            {
                table.AddRow(Markup.Escape(bar.Name), bar.Needed, Markup.Escape(bar.Value), bar.IsMet ? "[green]yes[/]" : "[red]no[/]");
            }

            console.Write(table);
        }

        console.WriteLine($"written: {file}");
    }
}
