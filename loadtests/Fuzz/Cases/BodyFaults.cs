using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seckill.Fuzz.Cases;

/// <summary>Damages a JSON body.</summary>
internal static class BodyFaults
{
    private const string Mark = "@@mark@@";

    private static readonly string[] s_values =
    [
        "null", "true", "false", "[]", "{}", "[1]", "{\"a\":1}", "0", "-1", "1", "2", "-0", "1.5", "1.0", "1e2", "1e400", "-1e400",
        "1E-400", "2147483647", "2147483648", "-2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "1000000000", "1000000001", "NaN", "Infinity", "-Infinity", "01", "+1", "0x1", "1_000", ".5", "5.", "'x'", "undefined",
        "\"1\"", "\"\"", "\" \"", "\"NaN\"", "\"null\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"",
        "\"\\u202e\\u200b\\ufeff\"", "\"\\ud83d\\ude00\"", "\"\\u001b[31m\"", "\"\t\"", "\"\\n\"", "\"Z̸̡̢a̷l̴g̵o̶ ﷽ 𝄞\"",
        "\"'; drop table orders; --\"", "\"<script>alert(1)</script>\"", "\"{{7*7}}${7*7}\"", "\"EUR\"", "\"eur\"", "\"EURO\"",
        "\"ÄÖÜ\"", "\"2026-01-01T00:00:00\"", "\"2026-02-30T00:00:00Z\"", "\"0001-01-01T00:00:00Z\"",
        "\"9999-12-31T23:59:59.9999999Z\"", "\"9999-12-31T23:59:59.9999999-14:00\"", "\"0001-01-01T00:00:00+14:00\"",
        "\"2026-01-01t00:00:00.123456789z\"", "\"2026-01-01T24:00:00Z\"", "\"2016-12-31T23:59:60Z\"", "\"1969-12-31T23:59:59Z\"",
        "\"2026-01-01T00:00:00+99:99\"", "\"12026-01-01T00:00:00Z\"", "\"off\"", "\"dual\"", "\"OFF\"",
    ];

    private static readonly string[] s_names = ["price", "Id", "__proto__", "$type", "\\ud800", "\\u0000", "ü", ""];

    private static readonly Func<Draw, JsonObject, byte[]>[] s_structural =
    [
        (draw, body) => Replaced(draw, body, draw.From(s_values)),
        (draw, body) => Replaced(draw, body, draw.From(s_values)),
        (draw, body) => Replaced(draw, body, draw.From(s_values)),
        (draw, body) => Replaced(draw, body, new string('9', 20 + draw.Below(1_500))),
        (draw, body) => Replaced(draw, body, $"\"{new string('x', 60 + draw.Below(600))}\""),
        (draw, body) => Replaced(draw, body, Nested(draw, draw.From(5, 9, 65, 1_000))),
        (draw, body) => WithoutMember(draw, body),
        (draw, body) => Inserted(body, $"\"{draw.From(s_names)}\":{draw.From(s_values)}"),
        (draw, body) => Inserted(body, Member(draw, body)),
        (draw, body) => Inserted(body, Escaped(Member(draw, body))),
        (draw, body) => Inserted(body, string.Join(',', Enumerable.Range(0, 200).Select(i => $"\"m{i}\":{i}"))),
        (draw, body) => Renamed(draw, body),
        (_, body) => Utf8($"[{body.ToJsonString()}]"),
        (_, body) => Utf8($"/* {Mark} */{body.ToJsonString()}"),
        (_, body) => Utf8(body.ToJsonString()[..^1] + ",}"),
        (_, body) => Utf8(body.ToJsonString().Replace('"', '\'')),
    ];

    private static readonly Func<Draw, byte[], byte[]>[] s_bytes =
    [
        (draw, body) => body[..draw.Below(body.Length + 1)],
        (draw, body) => [.. body, .. Utf8(draw.From("x", "{}", ",", "\0", "\u001a", "]", "//"))],
        (_, body) => [0xef, 0xbb, 0xbf, .. body],
        (draw, body) => Spliced(draw, body, draw.From<byte[]>([0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xc3])),
        (draw, body) => Spliced(draw, body, [(byte)draw.Below(256)]),
        (draw, body) => Spliced(draw, body, draw.Bytes(1 + draw.Below(8))),
        (_, body) => Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(body)),
        (_, body) => [0xfe, 0xff, .. Encoding.BigEndianUnicode.GetBytes(Encoding.UTF8.GetString(body))],
        (draw, body) => [.. body, .. Utf8(new string(' ', Math.Max(0, draw.From(4_096, 4_097, 65_537, 300_000) - body.Length)))],
        (draw, _) => Utf8(draw.From("", "null", "0", "true", "\"x\"", "[]", "{}", "{}{}", "{", "NaN", "nul", "a=1&b=2", "<a/>", "\u0000")),
        (draw, _) => Utf8(new string(draw.From('[', '{', '"', '9'), draw.From(10, 70, 4_000, 100_000))),
        (draw, _) => draw.Bytes(draw.Below(200)),
    ];

    /// <summary>The body with one fault more.</summary>
    public static byte[] Damage(Draw draw, byte[] body)
    {
        if (draw.Below(3) > 0 && Parse(body) is { Count: > 0 } members)
        {
            return draw.From(s_structural)(draw, members);
        }

        return draw.From(s_bytes)(draw, body);
    }

    private static JsonObject? Parse(byte[] body)
    {
        try
        {
            var members = JsonNode.Parse(body) as JsonObject;
            // Reads all members now, and fails if one stands twice or has half of a surrogate pair.
            _ = members?.Count + members?.ToJsonString().Length;
            return members;
        }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
        {
            // Damaged already.
            return null;
        }
    }

    // The member may be in an inner object.
    private static (JsonObject Owner, string Name) Choose(Draw draw, JsonObject body)
    {
        var (name, value) = draw.From([.. body]);
        return value switch
        {
            JsonObject { Count: > 0 } inner when draw.OneIn(2) => Choose(draw, inner),
            JsonArray { Count: > 0 } array when array[0] is JsonObject { Count: > 0 } first && draw.Below(3) > 0 => Choose(draw, first),
            _ => (body, name),
        };
    }

    private static byte[] Replaced(Draw draw, JsonObject body, string raw)
    {
        var (owner, name) = Choose(draw, body);
        owner[name] = Mark;
        return Utf8(body.ToJsonString().Replace($"\"{Mark}\"", raw, StringComparison.Ordinal));
    }

    private static byte[] WithoutMember(Draw draw, JsonObject body)
    {
        var (owner, name) = Choose(draw, body);
        owner.Remove(name);
        return Utf8(body.ToJsonString());
    }

    private static byte[] Renamed(Draw draw, JsonObject body)
    {
        var (owner, name) = Choose(draw, body);
        var value = owner[name]?.DeepClone();
        owner.Remove(name);
        owner[draw.From(name.ToUpperInvariant(), name + " ", "", name + "\u0000", "х" + name)] = value;
        return Utf8(body.ToJsonString());
    }

    private static string Member(Draw draw, JsonObject body)
    {
        var (name, value) = draw.From([.. body]);
        return $"\"{name}\":{value?.ToJsonString() ?? "null"}";
    }

    private static string Escaped(string member) => $"\"\\u{(int)member[1]:x4}{member[2..]}";

    private static byte[] Inserted(JsonObject body, string member) => Utf8($"{{{member},{body.ToJsonString()[1..]}");

    private static string Nested(Draw draw, int depth) =>
        draw.OneIn(2) ? new string('[', depth) + new string(']', depth)
            : string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);

    private static byte[] Spliced(Draw draw, byte[] body, byte[] inserted)
    {
        var at = draw.Below(body.Length + 1);
        return [.. body[..at], .. inserted, .. body[(draw.OneIn(2) ? at : Math.Min(body.Length, at + inserted.Length))..]];
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
