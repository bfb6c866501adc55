using System.Net.Sockets;
using System.Threading.Channels;

namespace Seckill.Tests.Harness.Processes;

/// <summary>One connection of a <see cref="Relay"/>: a client's socket and a server's.</summary>
internal sealed class RelayedConnection(Socket client) : IDisposable
{
    private volatile bool _abandoned;

    public Socket Client { get; } = client;

    public Socket Server { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>From now on whatever is sent is swallowed.</summary>
    public void Abandon() => _abandoned = true;

    /// <summary>Both ends hear at once that the connection is gone.</summary>
    public void Reset()
    {
        foreach (var socket in new[] { Client, Server })
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // It is gone already.
            }

            socket.Dispose();
        }
    }

    /// <summary>
    /// Carries one direction to its end. What was read is delivered when the gate lets it, whatever became of the sender.
    /// </summary>
    /// <param name="from">One end.</param>
    /// <param name="to">The other.</param>
    /// <param name="gate">Of the direction.</param>
    /// <param name="commands">Where one of them may be held back; the connection is reset then.</param>
    public async Task PumpAsync(Socket from, Socket to, RelayGate gate, RedisCommands? commands = null)
    {
        from.NoDelay = true;
        var onTheWay = Channel.CreateUnbounded<byte[]>();
        _ = ReadAsync(from, onTheWay.Writer);
        try
        {
            await foreach (var read in onTheWay.Reader.ReadAllAsync())
            {
                await gate.WaitAsync();
                var bytes = commands?.Pass(read) ?? read;
                for (var sent = 0; sent < bytes.Length && !_abandoned;)
                {
                    sent += await to.SendAsync(bytes.AsMemory(sent));
                }

                if (commands is { IsCut: true })
                {
                    Reset();
                    return;
                }
            }

            await gate.WaitAsync();
            if (!_abandoned)
            {
                to.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // One end is gone, so the other direction has no purpose.
            Reset();
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private static async Task ReadAsync(Socket from, ChannelWriter<byte[]> onTheWay)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer)) > 0)
            {
                await onTheWay.WriteAsync(buffer[..read]);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // What came before the end is still delivered.
        }

        onTheWay.Complete();
    }
}

/// <summary>Open or closed for everything in one direction of a <see cref="Relay"/>.</summary>
internal sealed class RelayGate
{
    private volatile TaskCompletionSource _opened = new();

    public RelayGate() => Open();

    /// <summary>How much later what passes arrives.</summary>
    public TimeSpan Delay { get; set; }

    public async Task WaitAsync()
    {
        if (Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay);
        }

        await _opened.Task;
    }

    public void Close()
    {
        if (_opened.Task.IsCompleted)
        {
            _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Open() => _opened.TrySetResult();
}
