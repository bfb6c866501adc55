using System.Globalization;
using System.Text.RegularExpressions;

namespace Seckill.Shared.Tests.House;

/// <summary>A line of the log is found by its event id, so no two kinds share one; and it says nothing about a person.</summary>
public sealed partial class LogTests
{
    private static readonly string[] s_personal = ["user", "buyer", "token", "address", "email", "signature", "key", "secret", "password"];

    private static IEnumerable<(string File, Match Message)> Messages =>
        from file in SourceTree.WithExtension(".cs").Select(SourceTree.Short)
        where file.StartsWith("Shared/", StringComparison.Ordinal) || file.Contains("Service/", StringComparison.Ordinal)
        where !file.StartsWith("tests/", StringComparison.Ordinal)
        from message in Message().Matches(File.ReadAllText(Path.Combine(SourceTree.Root, file)))
        select (file, message);

    [Fact]
    public void Each_kind_of_line_has_an_event_id_of_its_own()
    {
        Assert.InRange(Messages.Count(), 20, 500);
        Assert.Empty(
            from message in Messages
            group message.File by message.Message.Groups["id"].Value into lines
            where lines.Count() > 1
            select $"{lines.Key}: {string.Join(", ", lines)}");
    }

    // At three in the morning a line is looked up by its id. Broken by an event that is added, removed, or has another level.
    [Fact]
    public void The_runbooks_list_every_event_with_its_level()
    {
        var rows = TableRow().Matches(File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "OPERATIONS.md")))
            .Select(row => $"{row.Groups["id"].Value} {row.Groups["level"].Value}");
        Assert.Equal(
            Messages.Select(message => message.Message)
                .OrderBy(message => int.Parse(message.Groups["id"].Value, CultureInfo.InvariantCulture))
                .Select(message => $"{message.Groups["id"].Value} {message.Groups["level"].Value.ToLowerInvariant()}"),
            rows);
    }

    [Fact]
    public void No_line_says_anything_about_a_person() =>
        Assert.Empty(
            from message in Messages
            from Match word in Placeholder().Matches(message.Message.Groups["text"].Value)
            where s_personal.Any(personal => word.Value.Contains(personal, StringComparison.OrdinalIgnoreCase))
            select $"{message.File}: {word.Value}");

    [Fact]
    public void Lines_are_written_by_generated_methods_alone() =>
        Assert.Empty(
            from file in SourceTree.WithExtension(".cs").Select(SourceTree.Short)
            where file.StartsWith("Shared/", StringComparison.Ordinal) || file.StartsWith("OrderService/", StringComparison.Ordinal)
                || file.StartsWith("InventoryService/", StringComparison.Ordinal)
            where ByHand().IsMatch(File.ReadAllText(Path.Combine(SourceTree.Root, file)))
            select file);

    [GeneratedRegex("""\[LoggerMessage\(\s*(?<id>\d+),\s*LogLevel\.(?<level>\w+),\s*(?<text>"[^"]*"(\s*\+\s*"[^"]*")*)""")]
    private static partial Regex Message();

    [GeneratedRegex(@"^\| (?<id>\d+) \| (?<level>debug|information|warning|error|critical) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\.Log(Trace|Debug|Information|Warning|Error|Critical)\(")]
    private static partial Regex ByHand();
}
