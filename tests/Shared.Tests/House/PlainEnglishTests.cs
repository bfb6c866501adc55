using System.Text.RegularExpressions;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// Operators read the prose at three in the morning, so it uses the field's words. Broken by any word of the list below; each comes with
/// what to write instead. Prose is checked everywhere. Code is checked in the folders of <see cref="s_code"/>, comments and string
/// literals alone, so that an identifier may keep its name until its folder is cleaned.
/// </summary>
public sealed partial class PlainEnglishTests
{
    // Text that people read as text. A folder counts with everything below it.
    private static readonly string[] s_prose =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/", "deploy/", "eng/", "seckill", "docker-compose.yml"];

    // Folders whose comments and literals are clean, such as "OrderService/Storefront/". Add one when it is.
    private static readonly string[] s_code = ["OrderService/", "InventoryService/", "Shared/", "deploy/"];

    private static readonly (string Words, string Instead)[] s_everywhere =
    [
        ("whoever", "name the one who does it"), ("whosever", "name the owner"), ("whomever", "name the one"),
        ("somebody", "a person, a process, a client"), ("someone", "a person, a process, a client"), ("anybody", "any process, any client"),
        ("nobody", "no process, no buyer; or say what is missing"), ("everybody", "all users"), ("anew", "again, from the beginning"),
        ("manieth", "index"), ("is told", "gets, is notified"), ("are told", "get, are notified"), ("was told", "got, was notified"),
        ("were told", "got, were notified"), ("to be told of", "to get"), ("for then", "because"), ("by now", "now; or leave it out"),
        ("patience", "timeout"), ("away", "down"), ("for good", "permanently"), ("whereof", "of which"),
        ("cry wolf", "give a false alarm"), ("cried wolf", "gave a false alarm"), ("wants to be", "must be"),
    ];

    // A name of the code, or of a file, may have these words; prose has others.
    private static readonly (string Words, string Instead)[] s_inProse =
    [
        // A column and a JSON field of the discrepancies has this name.
        ("theirs", "legacy, actual"),
        ("books", "audit, ledger"), ("pulse", "heartbeat"), ("pulses", "heartbeats"),
    ];

    [Fact]
    public void Prose_uses_the_words_of_the_field()
    {
        var files = Of(s_prose, ".md", ".sh", ".yml", ".yaml", ".pml", ".txt", "").Where(file => !IsGenerated(file)).ToList();
        Assert.InRange(files.Count, 60, 500);
        AssertPlain(files, [.. s_everywhere, .. s_inProse], ProseOf);
    }

    [Fact]
    public void Comments_and_literals_of_the_cleaned_folders_use_the_words_of_the_field() =>
        AssertPlain(Of(s_code, ".cs", ".lua", ".sql").Where(file => !file.EndsWith("/PlainEnglishTests.cs")), s_everywhere, SpokenOf);

    [Fact]
    public void A_folder_that_is_named_as_clean_exists() =>
        Assert.All(s_code.Concat(s_prose), root => Assert.Contains(SourceTree.Files, file => IsBelow(SourceTree.Short(file), root)));

    [Theory]
    [InlineData("a.cs", "var patience = 1; // the timeout", false)]
    [InlineData("a.cs", "var x = 1; // our patience", true)]
    [InlineData("a.cs", "Log(\"Redis is away\");", true)]
    [InlineData("a.cs", "var s = \"\"\"\n  Redis is\n  away\n  \"\"\";", true)]
    [InlineData("a.cs", "/// <summary>What the buyer is\n    /// told.</summary>", true)]
    [InlineData("a.cs", "Move(Away); // runaway hideaway", false)]
    [InlineData("a.lua", "local away = 1 -- down", false)]
    [InlineData("a.lua", "return 1 -- Redis is away", true)]
    [InlineData("a.sql", "select 'away' from t", true)]
    public void A_word_is_found_in_comments_and_literals_and_nowhere_else(string file, string source, bool found) =>
        Assert.Equal(found, Find(file, SpokenOf(file, source), s_everywhere).Any());

    [Theory]
    [InlineData("The channel `seckill:pulse` and the check `books`.", false)]
    [InlineData("│ What the books say │", false)]
    [InlineData("The books balance.", true)]
    [InlineData("```\n# Redis is away\n```", true)]
    public void A_name_in_a_page_is_no_prose(string text, bool found) =>
        Assert.Equal(found, Find("a.md", ProseOf("a.md", text), [.. s_everywhere, .. s_inProse]).Any());

    private static void AssertPlain(
        IEnumerable<string> files, (string Words, string Instead)[] list, Func<string, string, string> read)
    {
        var found = string.Join('\n', files.SelectMany(file =>
            Find(file, read(file, File.ReadAllText(Path.Combine(SourceTree.Root, file))), list)));
        Assert.True(found.Length == 0, found);
    }

    private static IEnumerable<string> Find(string file, string text, (string Words, string Instead)[] list) =>
        from entry in list
        // A phrase may go on in the next line, behind the mark of its comment.
        from Match match in Regex.Matches(
            text, $@"(?<![\w-]){entry.Words.Replace(" ", @"[\s/#*-]+", StringComparison.Ordinal)}(?![\w-])", RegexOptions.IgnoreCase)
        select $"{file}:{text.AsSpan(0, match.Index).Count('\n') + 1}: \"{entry.Words}\"; write: {entry.Instead}";

    private static IEnumerable<string> Of(string[] roots, params string[] extensions) =>
        SourceTree.Files.Select(SourceTree.Short)
            .Where(file => extensions.Contains(Path.GetExtension(file)) && roots.Any(root => IsBelow(file, root)));

    private static bool IsBelow(string file, string root) =>
        root.EndsWith('/') ? file.StartsWith(root, StringComparison.Ordinal) : file == root;

    // The words of such a page are those of the code that writes it.
    private static bool IsGenerated(string file) =>
        File.ReadLines(Path.Combine(SourceTree.Root, file)).Take(4)
            .Any(line => line.StartsWith("Written by `./seckill", StringComparison.Ordinal));

    // Without names in code spans and without output of programs; as many lines as before.
    private static string ProseOf(string file, string text) =>
        Path.GetExtension(file) == ".md" ? CodeSpan().Replace(OutputLine().Replace(text, ""), "") : text;

    // Comments and literals, everything else blank; as many lines as before.
    private static string SpokenOf(string file, string source)
    {
        var spoken = source.ToCharArray();
        var end = 0;
        foreach (Match match in (Path.GetExtension(file) == ".cs" ? SpokenInCSharp() : SpokenInScript()).Matches(source))
        {
            Blank(end, match.Index);
            end = match.Index + match.Length;
        }

        Blank(end, spoken.Length);
        return new string(spoken);

        void Blank(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                spoken[i] = spoken[i] == '\n' ? '\n' : ' ';
            }
        }
    }

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex("^│.*$", RegexOptions.Multiline)]
    private static partial Regex OutputLine();

    // Raw, verbatim and ordinary literals, comments, characters.
    [GeneratedRegex(
        """"
        (?<raw>"""+)[\s\S]*?\k<raw>|@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*[\s\S]*?\*/|'(?:[^'\\]|\\.)'
        """")]
    private static partial Regex SpokenInCSharp();

    [GeneratedRegex("--[^\n]*|'[^'\n]*'|\"[^\"\n]*\"")]
    private static partial Regex SpokenInScript();
}
