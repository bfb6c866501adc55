using System.Net;
using System.Net.Sockets;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// Stands between a client and the real Redis and can hold back the replies, so that Redis does what it is asked and nobody hears of
/// it. Pausing the server itself would stop all other tests.
/// </summary>
internal sealed class FreezableRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _host;
    private readonly int _port;
    private readonly string _options;
    private long _received;
    private volatile TaskCompletionSource _flowing = Open();

    public FreezableRelay(string redis)
    {
        var words = redis.Split(',', 2);
        var server = words[0].Split(':');
        _options = words.Length > 1 ? "," + words[1] : "";
        (_host, _port) = (server[0], int.Parse(server[1], null));
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Bytes of replies so far.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>A connection string.</summary>
    public string Address => _listener.LocalEndpoint + _options;

    public void Freeze() => _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw() => _flowing.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Thaw();
        await _stop.CancelAsync();
        _listener.Dispose();
        _stop.Dispose();
    }

    private static TaskCompletionSource Open()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var server = new TcpClient { NoDelay = true };
                await server.ConnectAsync(_host, _port, _stop.Token);
                client.NoDelay = true;
                _ = PumpAsync(client, server, mayFreeze: false);
                _ = PumpAsync(server, client, mayFreeze: true);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool mayFreeze)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is > 0 and var read)
            {
                if (mayFreeze)
                {
                    Interlocked.Add(ref _received, read);
                    await _flowing.Task;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception exception)
            when (exception is OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One side has gone; the other follows.
        }
        finally
        {
            from.Dispose();
            to.Dispose();
        }
    }
}
