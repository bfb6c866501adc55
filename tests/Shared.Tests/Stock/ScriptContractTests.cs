using System.Globalization;
using System.Text.RegularExpressions;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Clients;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// The header of a script is all that its callers read. Headers drift from the code unless something compares them: every numbered
/// key and argument must be used, everything used must be documented, and the outcome codes must be those of the code and of the enum.
/// </summary>
public sealed partial class ScriptContractTests
{
    private const string Library = "lib/";

    public static TheoryData<string> Scripts =>
        [
            .. Resources().Where(name =>
                name.EndsWith(".lua", StringComparison.Ordinal) && !name.StartsWith(Library, StringComparison.Ordinal)),
        ];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Every_key_is_documented_and_used(string script)
    {
        var (header, body) = Read(script);
        var documented = Numbered(header, "KEYS");
        Assert.NotEmpty(documented);
        Assert.Equal(Enumerable.Range(1, documented.Count), documented);
        Assert.Equal(documented, Used(body, "KEYS"));
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Every_numbered_argument_is_documented_and_used(string script)
    {
        var (header, body) = Read(script);
        Assert.Equal(Numbered(header, "ARGV"), Used(body, "ARGV"));
        Assert.Equal(body.Contains("ARGV", StringComparison.Ordinal), header.Contains("ARGV", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public void What_it_returns_is_documented(string script) =>
        Assert.Contains("\n-- Returns ", "\n" + Read(script).Header, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Scripts))]
    public void It_touches_only_keys_that_it_was_given(string script)
    {
        // A key that is built in the script would lie in another cluster slot. A channel is no key.
        var calls = RedisCall().Matches(Read(script).Body);
        Assert.NotEmpty(calls);
        Assert.All(calls, call => Assert.True(
            call.Groups[1].Value == "PUBLISH" || call.Groups[2].Value.StartsWith("KEYS[", StringComparison.Ordinal), call.Value));
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public void It_names_the_libraries_that_it_uses_and_no_others(string script)
    {
        var (header, body) = Read(script);
        var used = from library in Resources().Where(IsLibrary)
                   where LibraryFunction().Matches(Text(library)).Any(function => Regex.IsMatch(body, $@"\b{function.Groups[1].Value}\("))
                   select library[Library.Length..^".lua".Length];
        Assert.Equal(used.Order(StringComparer.Ordinal), Uses().Match(header).Groups[1].Value.Split(", ").Where(name => name != ""));
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public void It_leaves_the_parsing_of_holds_and_of_the_time_to_the_library(string script)
    {
        var (_, body) = Read(script);
        Assert.DoesNotContain("'TIME'", body, StringComparison.Ordinal);
        Assert.DoesNotContain("(%d+):", body, StringComparison.Ordinal);
        Assert.DoesNotContain("':'", body, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_loaded_stands_before_the_script()
    {
        var library = Text("lib/time.lua");
        Assert.StartsWith(library + Text("requeue.lua"), StockScript.Load("requeue.lua"), StringComparison.Ordinal);
        Assert.Equal(Text("audit_outbox.lua"), StockScript.Load("audit_outbox.lua"));
    }

    [Fact]
    public void The_outcomes_of_reserve_are_those_of_its_header_and_of_the_enum()
    {
        var (header, body) = Read("reserve.lua");
        var documented = DocumentedOutcome().Matches(header).ToDictionary(
            match => Code(match.Groups["code"].Value), match => Pascal(match.Groups["name"].Value));
        var returned = ReturnedCode().Matches(Answer(body)).Select(match => Code(match.Groups["code"].Value)).Distinct();
        Assert.Equal(documented.Keys.Order(), returned.Order());

        var unknown = UnknownItem().Match(header);
        documented.Add(Code(unknown.Groups["code"].Value), Pascal(unknown.Groups["name"].Value));
        Assert.Equal(
            Enum.GetValues<ReserveOutcome>().Where(outcome => outcome <= ReserveOutcome.CoolingDown)
                .ToDictionary(outcome => (int)outcome, outcome => outcome.ToString()),
            documented);
    }

    [Fact]
    public void The_outcomes_of_reserve_are_decided_in_the_order_of_its_header()
    {
        var (header, body) = Read("reserve.lua");
        var documented = DocumentedOutcome().Matches(header).Select(match => match.Groups["code"].Value);
        Assert.Equal(documented, ReturnedCode().Matches(Answer(body)).Select(match => match.Groups["code"].Value));
    }

    /// <summary>The comment at the top of a script, and the rest without its comments.</summary>
    internal static (string Header, string Body) Read(string script)
    {
        var lines = Text(script).Split('\n');
        var header = lines.TakeWhile(line => line.StartsWith("--", StringComparison.Ordinal)).ToList();
        return (string.Join('\n', header), string.Join('\n', lines.Skip(header.Count).Select(line => Comment().Replace(line, ""))));
    }

    /// <summary>What the header calls the keys, in their order.</summary>
    internal static IEnumerable<string> KeyNames(string header) =>
        NumberedWord().Matches(Section(header, "KEYS")).Select(match => match.Groups[2].Value);

    /// <summary>True when the script has a command that may change a key.</summary>
    internal static bool Writes(string body) => WriteCommand().IsMatch(body);

    /// <summary>The numbers that stand after KEYS or ARGV in the header, up to the line that begins something else.</summary>
    private static List<int> Numbered(string header, string what) =>
        [.. NumberedWord().Matches(Section(header, what)).Select(match => Int(match.Groups[1].Value))];

    private static string Section(string header, string what) =>
        Regex.Match(header, $@"^-- {what} .*(\n--   .*)*", RegexOptions.Multiline).Value;

    private static List<int> Used(string body, string what) =>
    [
        .. Regex.Matches(body, $@"{what}\[(\d+)\]").Select(match => Int(match.Groups[1].Value)).Distinct().Order(),
    ];

    private static string Answer(string body) =>
        body[body.IndexOf("local function answer", StringComparison.Ordinal)..body.IndexOf("local reply", StringComparison.Ordinal)];

    private static bool IsLibrary(string resource) => resource.StartsWith(Library, StringComparison.Ordinal);

    private static string[] Resources() => typeof(StockLedger).Assembly.GetManifestResourceNames();

    private static string Text(string resource)
    {
        using var stream = typeof(StockLedger).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static int Int(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    private static int Code(string digit) => int.Parse(digit, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Pascal(string words) =>
        string.Concat(words.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    [GeneratedRegex("--.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?:^-- (?:KEYS|ARGV)| {3})\s*(\d+) ([a-z]+)")]
    private static partial Regex NumberedWord();

    [GeneratedRegex(@"^--   '?(?<code>[\da-f])(?: <[^']*')?\s+(?<name>[a-z]+(-[a-z]+)*)", RegexOptions.Multiline)]
    private static partial Regex DocumentedOutcome();

    [GeneratedRegex(@"\((?<code>\d) (?<name>unknown-item) for every request\)")]
    private static partial Regex UnknownItem();

    [GeneratedRegex(@"(?:return|and|or) (?:'(?<code>[a-f])'|'?(?<code>\d))")]
    private static partial Regex ReturnedCode();

    [GeneratedRegex("'(HSET|HSETNX|HDEL|HINCRBY|ZADD|ZREM|SADD|SREM|SET|DEL|UNLINK)'")]
    private static partial Regex WriteCommand();

    [GeneratedRegex(@"^local function (\w+)", RegexOptions.Multiline)]
    private static partial Regex LibraryFunction();

    [GeneratedRegex("^-- Uses: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Uses();

    [GeneratedRegex(@"(?:redis\.call|call_in_pieces)\('([A-Z]+)'(?:, ([^,)]+))?")]
    private static partial Regex RedisCall();
}
