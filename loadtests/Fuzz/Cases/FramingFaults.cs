using System.Globalization;
using System.Text;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz.Cases;

/// <summary>Sends a good request in a way that a proxy, an old client or an attacker may send it.</summary>
internal static class FramingFaults
{
    private const string V11 = "HTTP/1.1";
    private static readonly byte[] s_end = "0\r\n\r\n"u8.ToArray();

    private static readonly string[] s_sizes = ["zz", "-1", "ffffffffffffffffff", "", " 5", "5;", "0x5", "7fffffff", "\0"];

    private static readonly string[] s_lengths =
        ["-1", "+5", "5, 5", "0x10", "", "99999999999999999999", "1e1", "5 5", "9223372036854775807"];

    private static readonly string[] s_encodings =
        ["gzip, chunked", "identity", "chunked, chunked", "xchunked", "chunked, identity", "\"chunked\""];

    private static readonly string[] s_versions = ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3", "http/1.1", "HTTP/1.1 x", "HTTX/1.1", ""];

    private static readonly string[] s_lines =
        ["X-Folded: a\r\n b", "X-Space : a", ": empty", "no colon", "Host: one\r\nHost: two", "\tX: y", "X-Nul: \0", "Host: a b"];

    // The request is good and must get its own answers.
    private static readonly Func<Draw, RawRequest, IReadOnlyList<Piece>>[] s_good =
    [
        (_, request) => [new(Chunked(request, Chunk(request.Body), s_end))],
        (_, request) => [new(Chunked(request, [.. request.Body.SelectMany(one => Chunk([one])), .. s_end]))],
        (_, request) => [new(Chunked(request, Chunk(request.Body), "0\r\nX-Trailer: x\r\n\r\n"u8.ToArray()))],
        (draw, request) => Slowly(request, 1 + draw.Below(3)),
        (_, request) => [new(Keeping(request)), new(Keeping(request)), new(Plain(request, V11))],
        (_, request) => [new([.. Keeping(request), .. Keeping(request), .. Plain(request, V11)])],
        (_, request) => [new(Plain(request, V11, "Expect: 100-continue"))],
        (_, request) => [new(Plain(request, "HTTP/1.0"))],
        (_, request) => [new(Plain(request, "HTTP/1.0", "X-Old: yes"))],
        (_, request) => [new([.. Plain(request, V11), .. Plain(request, V11)])],
    ];

    private static readonly Func<Draw, RawRequest, IReadOnlyList<Piece>>[] s_bad =
    [
        (draw, request) => [new(Chunked(request, Text(draw.From(s_sizes) + "\r\n"), request.Body, s_end))],
        (_, request) => [new(Chunked(request, Text($"{request.Body.Length:x}\r\n"), request.Body, s_end))],
        (draw, request) => [new(Chunked(
            request, Text($"{request.Body.Length:x};{new string('e', draw.From(10, 5_000, 70_000))}\r\n"), request.Body, Text("\r\n"),
            s_end))],
        (_, request) => [new(Chunked(
            request, Chunk(request.Body), Text($"0\r\nContent-Length: 5\r\nX: {new string('t', 40_000)}\r\n\r\n")))],
        (draw, request) => [new(Framed(request, draw.From(s_lengths)))],
        (_, request) => [new(Plain(request, V11, "Content-Length: 5", "Content-Length: 6"))],
        (_, request) => [new(Plain(request, V11, "Content-Length: 5", "Transfer-Encoding: chunked"))],
        (draw, request) => [new(Plain(request, V11, "Transfer-Encoding: " + draw.From(s_encodings)))],
        (draw, request) => [new([.. Framed(request, $"{draw.Below(request.Body.Length + 1)}"), .. Plain(request, V11)])],
        (draw, request) => [new(Plain(request, draw.From(s_versions)))],
        (_, request) => [new(Text(Encoding.Latin1.GetString(Plain(request, V11)).Replace("\r\n", "\n", StringComparison.Ordinal)))],
        (_, request) => [new([.. "\r\n\r\n"u8, .. Plain(request, V11)])],
        (draw, request) => [new(Plain(request, V11, draw.From(s_lines)))],
        (_, request) => [new(Text($"{request.Method} {request.Target} {V11}\r\n\r\n"))],
        (_, request) => [new(Text($"{request.Method} {request.Target}\r\n"))],
        (_, _) => [new("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray())],
        (_, _) => [new([0x16, 0x03, 0x01, 0x00, 0xa5, 0x01, 0x00, 0x00, 0xa1, 0x03, 0x03])],
        (draw, _) => [new(draw.Bytes(1 + draw.Below(400)))],
        (draw, request) => [new(Spliced(draw, Plain(request, V11)))],
        (_, request) => [new(Plain(request, V11, "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"))],
        (_, request) => [new(Plain(request, V11, "Expect: 200-ok"))],
        // Good, but the client closes its half at once, as some do that have left.
        (_, request) => [new(Plain(request, V11))],
    ];

    /// <summary>The request as it is sent, and what it must get.</summary>
    public static void Apply(Draw draw, RawRequest request)
    {
        request.Set("Connection", null);
        if (draw.OneIn(3))
        {
            request.Pieces = draw.From(s_good)(draw, request);
            return;
        }

        (request.IsHttp, request.Operation) = (false, null);
        if (draw.OneIn(40))
        {
            request.Pieces = Unfinished(request);
            return;
        }

        request.Pieces = draw.From(s_bad)(draw, request);
        // Or the server waits for what is missing.
        request.ClosesHalf = true;
        if (draw.OneIn(8))
        {
            var all = request.Pieces.SelectMany(piece => piece.Bytes).ToArray();
            request.Pieces = [new(all[..draw.Below(all.Length + 1)])];
        }
    }

    // The web server gives up after five seconds, so there are few of these.
    private static Piece[] Unfinished(RawRequest request) => [new(Plain(request, V11, $"Content-Length: {request.Body.Length + 100}"))];

    private static byte[] Plain(RawRequest request, string version, params string[] others) =>
        request.Render(version, [.. others, "Connection: close"], request.Body);

    private static byte[] Keeping(RawRequest request) => request.Render(V11, [], request.Body);

    private static byte[] Framed(RawRequest request, string length) => Plain(request, V11, "Content-Length: " + length);

    private static byte[] Chunked(RawRequest request, params byte[][] parts) =>
        [.. request.Render(V11, ["Transfer-Encoding: chunked", "Connection: close"], []), .. parts.SelectMany(part => part)];

    // An empty chunk would be the last one.
    private static byte[] Chunk(byte[] bytes) =>
        bytes.Length == 0 ? [] : [.. Text(bytes.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), .. bytes, .. "\r\n"u8];

    private static Piece[] Slowly(RawRequest request, int pieces)
    {
        var all = Plain(request, V11);
        var size = (all.Length / (pieces + 1)) + 1;
        return [.. all.Chunk(size).Select((bytes, i) => new Piece(bytes, i == 0 ? 0 : 40))];
    }

    private static byte[] Spliced(Draw draw, byte[] all)
    {
        var at = draw.Below(all.Length);
        return [.. all[..at], .. draw.Bytes(1 + draw.Below(4)), .. all[(at + 1)..]];
    }

    private static byte[] Text(string text) => Encoding.Latin1.GetBytes(text);
}
