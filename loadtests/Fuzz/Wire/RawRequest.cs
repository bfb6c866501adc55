using System.Text;
using Seckill.Fuzz.Contract;

namespace Seckill.Fuzz.Wire;

/// <summary>Bytes of a request that are sent at once.</summary>
/// <param name="Bytes">What is sent.</param>
/// <param name="PauseMilliseconds">Pause before it.</param>
internal readonly record struct Piece(byte[] Bytes, int PauseMilliseconds = 0);

/// <summary>A request as it is sent, byte by byte, right or wrong.</summary>
internal sealed class RawRequest
{
    public required Service Service { get; init; }

    /// <summary>The operation that must answer; null when the request may reach another one, or none.</summary>
    public Operation? Operation { get; set; }

    public required string Method { get; set; }

    /// <summary>As in the request line, percent-encoded.</summary>
    public required string Target { get; set; }

    public List<(string Name, string Value)> Headers { get; init; } = [];

    public byte[] Body { get; set; } = [];

    /// <summary>The buyer in whose name it is sent.</summary>
    public long UserId { get; init; }

    /// <summary>False for what the web server may refuse itself, with an empty body, or by closing the connection.</summary>
    public bool IsHttp { get; set; } = true;

    /// <summary>True when an answer below 400 is wrong.</summary>
    public bool MustBeRefused { get; set; }

    /// <summary>True when the request must not change anything: it is refused, or only reads.</summary>
    public bool IsQuiet => MustBeRefused || Method == "GET";

    /// <summary>How the request is sent, when not in one piece with the headers above and a Content-Length.</summary>
    public IReadOnlyList<Piece>? Pieces { get; set; }

    /// <summary>Closes the sending half of the connection after the last piece.</summary>
    public bool ClosesHalf { get; set; }

    public string? Header(string name) =>
        Headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)
            .FirstOrDefault();

    /// <summary>Replaces every header of this name; null removes it.</summary>
    public void Set(string name, string? value)
    {
        Headers.RemoveAll(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (value is not null)
        {
            Headers.Add((name, value));
        }
    }

    public IReadOnlyList<Piece> Rendered() => Pieces ?? [new Piece(Render("HTTP/1.1", [], Body))];

    /// <summary>The request line, Host, the headers and these others, and a body.</summary>
    /// <param name="version">As in the request line.</param>
    /// <param name="others">Lines after the headers; with a framing header there, no Content-Length is added.</param>
    /// <param name="body">After the empty line.</param>
    public byte[] Render(string version, string[] others, byte[] body)
    {
        var head = new StringBuilder($"{Method} {Target} {version}\r\n");
        if (Header("Host") is null && !Array.Exists(others, line => line.StartsWith("Host", StringComparison.Ordinal)))
        {
            head.Append("Host: fuzz\r\n");
        }

        Headers.ForEach(header => head.Append(header.Name).Append(": ").Append(header.Value).Append("\r\n"));
        foreach (var line in others)
        {
            head.Append(line).Append("\r\n");
        }

        var isFramed = Array.Exists(others, line => line.StartsWith("Content-Length", StringComparison.Ordinal)
            || line.StartsWith("Transfer-Encoding", StringComparison.Ordinal));
        if (!isFramed && (body.Length > 0 || Method is not "GET"))
        {
            head.Append("Content-Length: ").Append(body.Length).Append("\r\n");
        }

        return [.. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), .. body];
    }

    /// <summary>A copy that can be altered alone.</summary>
    public RawRequest Copy() => new()
    {
        Service = Service, Operation = Operation, Method = Method, Target = Target, Headers = [.. Headers], Body = Body, UserId = UserId,
        IsHttp = IsHttp, MustBeRefused = MustBeRefused,
    };

    /// <summary>The exact bytes, what is not printable as \xNN.</summary>
    public override string ToString() => string.Join("\n-- then --\n", Rendered().Select(piece => Printable.Text(piece.Bytes)));
}
