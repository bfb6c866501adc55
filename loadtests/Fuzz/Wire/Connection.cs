using System.Diagnostics;
using System.Net.Sockets;

namespace Seckill.Fuzz.Wire;

/// <summary>How a connection ended.</summary>
internal enum Ending
{
    /// <summary>The server closed it, or reset it.</summary>
    Closed,

    /// <summary>A stream of events was left by the client.</summary>
    Left,

    /// <summary>The server kept it open for longer than <see cref="Connection.Limit"/>.</summary>
    Hung,

    /// <summary>The server took no connection.</summary>
    NoConnection,
}

/// <summary>What one connection received.</summary>
internal sealed record Exchange(IReadOnlyList<RawAnswer> Answers, Ending Ending);

/// <summary>Sends requests over a connection of their own and reads until the server closes it.</summary>
internal static class Connection
{
    /// <summary>
    /// Longer than anything that the services and the web server may wait for: 5 s for a slow body, 5 s for the rest of a refused one.
    /// </summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_silenceOfStream = TimeSpan.FromMilliseconds(300);

    public static async Task<Exchange> SendAsync(Uri server, RawRequest request, TimeSpan? atMost = null)
    {
        var longest = atMost ?? Limit;
        using var client = new TcpClient { NoDelay = true };
        using var limit = new CancellationTokenSource(longest);
        try
        {
            await client.ConnectAsync(server.Host, server.Port, limit.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return new Exchange([], Ending.NoConnection);
        }

        var received = new MemoryStream();
        var reading = ReadAsync(client.GetStream(), received, limit.Token);
        try
        {
            foreach (var piece in request.Rendered())
            {
                await (piece.PauseMilliseconds > 0 ? Task.Delay(piece.PauseMilliseconds, limit.Token) : Task.CompletedTask);
                await client.GetStream().WriteAsync(piece.Bytes, limit.Token);
            }

            if (request.ClosesHalf)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
        {
            Debug.WriteLine(error); // The server may answer and close before it has read everything.
        }

        var ending = await reading;
        return new Exchange(RawAnswer.ReadAll(received.ToArray(), request.Method == "HEAD"), ending);
    }

    private static async Task<Ending> ReadAsync(NetworkStream stream, MemoryStream received, CancellationToken limit)
    {
        var buffer = new byte[16_384];
        while (true)
        {
            var isStream = received.Length is > 0 and < 100_000
                && RawAnswer.ReadAll(received.ToArray(), toHead: false) is [{ IsEventStream: true }];
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(limit);
            silence.CancelAfter(isStream ? s_silenceOfStream : Limit);
            try
            {
                if (await stream.ReadAsync(buffer, silence.Token) is > 0 and var count)
                {
                    received.Write(buffer, 0, count);
                }
                else
                {
                    return Ending.Closed;
                }
            }
            catch (OperationCanceledException)
            {
                return isStream ? Ending.Left : Ending.Hung;
            }
            catch (IOException)
            {
                // A reset after the answer: what was read counts.
                return Ending.Closed;
            }
        }
    }
}
