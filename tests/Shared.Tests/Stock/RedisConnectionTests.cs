using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.Shared.Connections;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: a Redis that is away for hours finds as many clients as there were. Broken by connections that are given up on and go on
/// trying: each costs sockets and a thread, until the server that is back refuses whoever comes.
/// </summary>
public sealed class RedisConnectionTests
{
    [Fact]
    public async Task What_was_given_up_on_is_closed()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var (accepted, open) = (0, 0);
        var accepting = AcceptAsync();
        var options = new ConfigurationOptions { AbortOnConnectFail = false, ConnectTimeout = 1000, EndPoints = { silent.LocalEndpoint } };
        using (var connection = new RedisConnection(options, NullLogger<RedisConnection>.Instance)
        {
            Interval = TimeSpan.FromMilliseconds(20), Patience = TimeSpan.FromMilliseconds(50),
        })
        {
            await connection.StartAsync(CancellationToken.None);
            await Eventually.Holds(() => Volatile.Read(ref accepted) > 20, "it has tried again and again");
            await connection.StopAsync(CancellationToken.None).InTime();
        }

        await Eventually.Holds(() => Volatile.Read(ref open) == 0, "nothing of it is open");
        silent.Stop();
        await accepting.InTime();

        async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var client = await silent.AcceptSocketAsync();
                    Interlocked.Increment(ref accepted);
                    Interlocked.Increment(ref open);
                    _ = ReadToTheEndAsync(client);
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The listener was stopped.
            }
        }

        async Task ReadToTheEndAsync(Socket client)
        {
            try
            {
                var buffer = new byte[1024];
                while (await client.ReceiveAsync(buffer) > 0)
                {
                }
            }
            catch (SocketException)
            {
                // Reset is closed, too.
            }
            finally
            {
                client.Dispose();
                Interlocked.Decrement(ref open);
            }
        }
    }
}
