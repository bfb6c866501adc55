using System.Text.RegularExpressions;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// The rules of the house that no analyzer checks, held by the test run instead of by people. A rule that is wrong is changed here,
/// for everybody, and not broken in one place.
/// </summary>
public sealed partial class StyleTests
{
    private const int LongestLine = 140;
    private const int LongestFile = 300;

    // In two pieces, so that this file does not find itself.
    private static readonly string[] s_unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK"];

    private static readonly string[] s_forbiddenInCode =
    [
        "#" + "region", "DateTime." + "UtcNow", "DateTime." + "Now", "DateTimeOffset." + "UtcNow", "DateTimeOffset." + "Now",
        "Thread." + "Sleep", ".GetAwaiter()." + "GetResult()",
    ];

    private static readonly string[] s_kindsOfCode = ["Helpers", "Utils", "Utilities", "Managers", "Interfaces", "Common", "Misc"];

    [Fact]
    public void The_source_is_found() => Assert.InRange(SourceTree.WithExtension(".cs").Count(), 50, 5_000);

    [Fact]
    public void No_line_is_longer_than_140_characters() =>
        AssertNone(from line in Lines(".cs", ".lua", ".sql", ".sh", ".csproj", ".props") where line.Text.Length > LongestLine select line);

    [Fact]
    public void No_file_is_longer_than_300_lines() =>
        AssertNone(
            from file in SourceTree.WithExtension(".cs", ".lua", ".sql", ".sh")
            let length = File.ReadLines(file).Count()
            where length > LongestFile
            select $"{SourceTree.Short(file)} has {length} lines");

    [Fact]
    public void Nothing_is_left_for_later() =>
        AssertNone(
            from line in Lines(".cs", ".lua", ".sql", ".sh", ".csproj", ".props", ".md", ".yml")
            where s_unfinished.Any(word => Regex.IsMatch(line.Text, $@"\b{word}\b"))
            select line);

    [Fact]
    public void No_code_asks_the_system_clock_sleeps_blocks_or_folds_itself() =>
        AssertNone(
            from line in Lines(".cs")
            where s_forbiddenInCode.Any(word => line.Text.Contains(word, StringComparison.Ordinal))
            select line);

    [Fact]
    public void No_error_is_swallowed_without_a_word() =>
        AssertNone(
            from file in SourceTree.WithExtension(".cs")
            where EmptyCatch().IsMatch(File.ReadAllText(file))
            select SourceTree.Short(file));

    [Fact]
    public void Who_goes_on_without_a_store_goes_on_when_it_is_slow() =>
        // Both clients give up with a TimeoutException of the runtime, too; in a background service that ends the process.
        AssertNone(
            from line in Lines(".cs")
            where line.File.Split('/')[0] is "OrderService" or "InventoryService" or "Shared"
            where StoreIsAway().IsMatch(line.Text) && !line.Text.Contains("TimeoutException", StringComparison.Ordinal)
            select line);

    [Fact]
    public void A_folder_is_a_feature_and_not_a_kind_of_code() =>
        AssertNone(
            from file in SourceTree.Files
            from folder in SourceTree.Short(file).Split('/')[..^1]
            where s_kindsOfCode.Contains(folder, StringComparer.OrdinalIgnoreCase)
            select SourceTree.Short(file));

    [Fact]
    public void No_line_ends_in_white_space_or_begins_with_a_tab() =>
        AssertNone(
            from line in Lines(".cs", ".lua", ".sql", ".sh", ".csproj", ".props")
            where line.Text.Length > 0 && (char.IsWhiteSpace(line.Text[^1]) || line.Text[0] == '\t')
            select line);

    private static IEnumerable<(string File, int Number, string Text)> Lines(params string[] extensions) =>
        SourceTree.WithExtension(extensions).SelectMany(file =>
            File.ReadLines(file).Select((text, i) => (SourceTree.Short(file), i + 1, text)));

    private static void AssertNone(IEnumerable<(string File, int Number, string Text)> lines) =>
        AssertNone(lines.Select(line => $"{line.File}:{line.Number}: {line.Text.Trim()}"));

    // Assert.Empty would cut the list short.
    private static void AssertNone(IEnumerable<string> found)
    {
        var all = string.Join('\n', found);
        Assert.True(all.Length == 0, all);
    }

    [GeneratedRegex(@"catch \(.*\b(NpgsqlException|RedisException)\b")]
    private static partial Regex StoreIsAway();

    [GeneratedRegex(@"catch\s*(\([^)]*\)\s*)?(when\s*\([^{]*\)\s*)?\{\s*\}")]
    private static partial Regex EmptyCatch();
}
