using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Seckill.Tests.Harness;

/// <summary>HTTP as a hostile client writes it. <see cref="HttpClient"/> would correct or refuse most of it.</summary>
internal static class RawHttp
{
    /// <summary>Sends the head, line by line, and the body, and reads the answer until the server closes.</summary>
    public static async Task<RawAnswer> SendAsync(Uri server, IEnumerable<string> head, params byte[][] body)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port).InTime();
        var stream = client.GetStream();
        var text = string.Join("\r\n", head.Concat(["Host: " + server.Authority, "Connection: close", "", ""]));
        var answer = ReadAsync(stream);
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask().InTime();
            foreach (var part in body)
            {
                await stream.WriteAsync(part).AsTask().InTime();
            }
        }
        catch (IOException)
        {
            // The server may answer and close before it has read everything.
        }

        return await answer.InTime();
    }

    private static async Task<RawAnswer> ReadAsync(NetworkStream stream)
    {
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (IOException)
        {
            // A reset after the answer: what was read counts.
        }

        var text = Encoding.UTF8.GetString(all.ToArray());
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(end > 0, "No answer: " + text);
        var head = text[..end].Split("\r\n");
        return new RawAnswer(
            int.Parse(head[0].Split(' ')[1], CultureInfo.InvariantCulture),
            head.Skip(1).Select(line => line.Split(": ", 2)).GroupBy(pair => pair[0], StringComparer.OrdinalIgnoreCase)
                .ToDictionary(pairs => pairs.Key, pairs => pairs.Last()[1], StringComparer.OrdinalIgnoreCase),
            text[(end + 4)..]);
    }
}

internal sealed record RawAnswer(int Status, Dictionary<string, string> Headers, string Body)
{
    /// <summary>The refusal has the documented form, whatever it refuses.</summary>
    public void AssertProblem(int status, string code)
    {
        Assert.True(Status == status, $"{Status} instead of {status}: {Body}");
        Assert.Equal("application/problem+json", Headers["Content-Type"]);
        var problem = JsonDocument.Parse(Body).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.Equal("urn:seckill:problem:" + code, problem.GetProperty("type").GetString());
        Assert.NotEqual("", problem.GetProperty("title").GetString());
    }
}
