using System.Globalization;
using System.Text.RegularExpressions;
using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// The header of a script is all that its callers read. Headers drift from the code unless something compares them: every numbered
/// key and argument must be used, everything used must be documented, and the outcome codes must be those of the code and of the enum.
/// </summary>
public sealed partial class ScriptContractTests
{
    public static TheoryData<string> Scripts =>
        [.. typeof(StockLedger).Assembly.GetManifestResourceNames().Where(name => name.EndsWith(".lua", StringComparison.Ordinal))];

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
            call.Groups[1].Value is "TIME" or "PUBLISH" || call.Groups[2].Value.StartsWith("KEYS[", StringComparison.Ordinal), call.Value));
    }

    [Fact]
    public void The_outcomes_of_reserve_are_those_of_its_header_and_of_the_enum()
    {
        var (header, body) = Read("reserve.lua");
        var documented = DocumentedOutcome().Matches(header).ToDictionary(
            match => Int(match.Groups["code"].Value), match => Pascal(match.Groups["name"].Value));
        var returned = ReturnedCode().Matches(Answer(body)).Select(match => Int(match.Groups[1].Value)).Distinct();
        Assert.Equal(documented.Keys.Order(), returned.Order());

        var unknown = UnknownItem().Match(header);
        documented.Add(Int(unknown.Groups["code"].Value), Pascal(unknown.Groups["name"].Value));
        Assert.Equal(
            Enum.GetValues<ReserveOutcome>().Where(outcome => outcome <= ReserveOutcome.UnknownItem)
                .ToDictionary(outcome => (int)outcome, outcome => outcome.ToString()),
            documented);
    }

    [Fact]
    public void The_outcomes_of_reserve_are_decided_in_the_order_of_its_header()
    {
        var (header, body) = Read("reserve.lua");
        var documented = DocumentedOutcome().Matches(header).Select(match => match.Groups["code"].Value);
        Assert.Equal(documented, ReturnedCode().Matches(Answer(body)).Select(match => match.Groups[1].Value));
    }

    private static (string Header, string Body) Read(string script)
    {
        using var stream = typeof(StockLedger).Assembly.GetManifestResourceStream(script)!;
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n');
        var header = lines.TakeWhile(line => line.StartsWith("--", StringComparison.Ordinal)).ToList();
        return (string.Join('\n', header), string.Join('\n', lines.Skip(header.Count).Select(line => Comment().Replace(line, ""))));
    }

    /// <summary>The numbers that stand after KEYS or ARGV in the header, up to the line that begins something else.</summary>
    private static List<int> Numbered(string header, string what)
    {
        var section = Regex.Match(header, $@"^-- {what} .*(\n--   .*)*", RegexOptions.Multiline).Value;
        return [.. NumberedWord().Matches(section).Select(match => Int(match.Groups[1].Value))];
    }

    private static List<int> Used(string body, string what) =>
    [
        .. Regex.Matches(body, $@"{what}\[(\d+)\]").Select(match => Int(match.Groups[1].Value)).Distinct().Order(),
    ];

    private static string Answer(string body) =>
        body[body.IndexOf("local function answer", StringComparison.Ordinal)..body.IndexOf("local reply", StringComparison.Ordinal)];

    private static int Int(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    private static string Pascal(string words) =>
        string.Concat(words.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    [GeneratedRegex("--.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?:^-- (?:KEYS|ARGV)| {3})\s*(\d+) [a-z]")]
    private static partial Regex NumberedWord();

    [GeneratedRegex(@"^--   '?(?<code>\d)(?: <[^']*')?\s+(?<name>[a-z]+(-[a-z]+)*)", RegexOptions.Multiline)]
    private static partial Regex DocumentedOutcome();

    [GeneratedRegex(@"\((?<code>\d) (?<name>unknown-item) for every request\)")]
    private static partial Regex UnknownItem();

    [GeneratedRegex(@"(?:return|and|or) '?(\d)")]
    private static partial Regex ReturnedCode();

    [GeneratedRegex(@"redis\.call\('([A-Z]+)'(?:, ([^,)]+))?")]
    private static partial Regex RedisCall();
}
