using System.Globalization;
using System.Text;

namespace Seckill.Fuzz.Wire;

/// <summary>An answer as it came.</summary>
/// <param name="Status">0 when it is no HTTP.</param>
/// <param name="Headers">In the order in which they came.</param>
/// <param name="Body">Without chunks.</param>
/// <param name="IsComplete">False when the connection ended before the body did.</param>
internal sealed record RawAnswer(int Status, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body, bool IsComplete)
{
    private static readonly byte[] s_endOfHead = "\r\n\r\n"u8.ToArray();

    public string? Header(string name) =>
        Headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)
            .FirstOrDefault();

    /// <summary>Without parameters.</summary>
    public string? MediaType => Header("Content-Type")?.Split(';')[0].Trim();

    public bool IsEventStream => MediaType == "text/event-stream";

    /// <summary>The answers in what one connection received; interim ones (1xx) are left out.</summary>
    /// <param name="received">Everything.</param>
    /// <param name="toHead">True when the request was a HEAD: its answer has no body.</param>
    public static List<RawAnswer> ReadAll(ReadOnlySpan<byte> received, bool toHead)
    {
        var answers = new List<RawAnswer>();
        while (received.Length > 0)
        {
            var end = received.IndexOf(s_endOfHead);
            var lines = Encoding.Latin1.GetString(end < 0 ? received : received[..end]).Split("\r\n");
            if (end < 0 || lines[0].Split(' ') is not [var version, var code, ..]
                || !version.StartsWith("HTTP/1.", StringComparison.Ordinal)
                || !int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            {
                answers.Add(new RawAnswer(0, [], received.ToArray(), IsComplete: false));
                break;
            }

            received = received[(end + s_endOfHead.Length)..];
            if (status >= 200)
            {
                var headers = lines.Skip(1).Select(line => line.Split(':', 2)).Select(pair => (pair[0], pair[^1].Trim())).ToArray();
                var answer = new RawAnswer(status, headers, [], IsComplete: true);
                answers.Add(toHead || status is 204 or 304 ? answer : answer.WithBody(ref received));
            }
        }

        return answers;
    }

    public override string ToString() =>
        $"{Status} {string.Join(" | ", Headers.Select(header => $"{header.Name}: {header.Value}"))}\n{Printable.Text(Body)}";

    private RawAnswer WithBody(ref ReadOnlySpan<byte> rest)
    {
        if (Header("Transfer-Encoding") is not null)
        {
            return WithChunks(ref rest);
        }

        var length = int.TryParse(Header("Content-Length"), CultureInfo.InvariantCulture, out var stated) ? stated : rest.Length;
        var body = rest[..Math.Min(length, rest.Length)].ToArray();
        rest = rest[body.Length..];
        return this with { Body = body, IsComplete = body.Length == length };
    }

    private RawAnswer WithChunks(ref ReadOnlySpan<byte> rest)
    {
        var body = new List<byte>();
        while (rest.IndexOf("\r\n"u8) is > 0 and var end
            && int.TryParse(Encoding.ASCII.GetString(rest[..end]), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var size)
            && rest.Length >= end + size + 4)
        {
            body.AddRange(rest.Slice(end + 2, size));
            rest = rest[(end + size + 4)..];
            if (size == 0)
            {
                return this with { Body = [.. body] };
            }
        }

        // A stream of events does not end by itself.
        rest = [];
        return this with { Body = [.. body], IsComplete = IsEventStream };
    }
}
