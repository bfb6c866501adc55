using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: every call ends within its timeout, and a Redis that is back is used again within seconds. Broken by options that are left
/// to the client's defaults of minutes, and by calls that are kept and sent when their callers are gone.
/// </summary>
public sealed class RedisClientTests
{
    // What a machine may add that does ten things at once; the client's own defaults add more.
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_frozen_server_is_given_up_within_the_timeout_and_used_again_when_it_goes_on()
    {
        await using var server = await OwnRedis.StartAsync("--save", "");
        await using var redis = OwnRedis.Connect(server.Address);
        await redis.GetDatabase().PingAsync().InTime();
        await server.FreezeAsync();
        var startedAt = Stopwatch.GetTimestamp();
        await Assert.ThrowsAnyAsync<TimeoutException>(() => new StockLedger(redis).InspectAsync(new TestItem().Keys).InTime());
        var waited = Stopwatch.GetElapsedTime(startedAt);
        Assert.InRange(waited, StockLedger.Timeout - TimeSpan.FromMilliseconds(50), StockLedger.Timeout + s_slack);

        await server.ThawAsync();
        await AnswersAsync(redis);
    }

    [Fact]
    public async Task A_server_that_stays_silent_loses_its_connection_and_calls_fail_at_once()
    {
        await using var server = await OwnRedis.StartAsync("--save", "");
        await using var redis = OwnRedis.Connect(server.Address);
        await server.FreezeAsync();
        // Nobody asks anything: the client finds out by itself.
        await Eventually.IsTrueAsync("the connection is given up", () => !redis.IsConnected);

        var startedAt = Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<RedisConnectionException>(() => redis.GetDatabase().PingAsync().InTime());
        Assert.True(Stopwatch.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(1));
        await server.ThawAsync();
        await AnswersAsync(redis);
    }

    [Fact]
    public async Task What_was_asked_without_a_connection_is_not_sent_when_there_is_one()
    {
        await using var server = await OwnRedis.StartAsync("--save", "");
        await using var redis = OwnRedis.Connect(server.Address);
        await redis.GetDatabase().PingAsync().InTime();
        await server.KillAsync();
        await Eventually.IsTrueAsync("the loss is noticed", () => !redis.IsConnected);
        var late = Enumerable.Range(0, 10).Select(_ => redis.GetDatabase().StringIncrementAsync("late")).ToList();
        server.Restart();
        await AnswersAsync(redis);

        Assert.All(late, call => Assert.IsType<RedisConnectionException>(call.Exception?.InnerException));
        Assert.False(await redis.GetDatabase().KeyExistsAsync("late").InTime());
    }

    [Fact]
    public async Task A_server_that_is_loading_its_data_is_used_when_it_has_loaded()
    {
        await using var server = await OwnRedis.StartAsync("--save", "", "--dbfilename", "dump.rdb");
        await server.CommandAsync("eval", "for i = 1, 3000 do redis.call('set', 'key' .. i, i) end", "0");
        await using var connected = OwnRedis.Connect(server.Address);
        await server.CommandAsync("save");
        await server.KillAsync();
        // A millisecond a key: LOADING for three seconds.
        server.Restart("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024");
        await Eventually.IsTrueAsync("it is loading", () => IsLoadingAsync(server));
        await using var fresh = OwnRedis.Connect(server.Address);

        await AnswersAsync(connected);
        await AnswersAsync(fresh);
        Assert.Equal(3000, (int)await fresh.GetDatabase().StringGetAsync("key3000").InTime());
        Assert.True(await fresh.GetDatabase().StringSetAsync("key", 1).InTime());
    }

    [Fact]
    public async Task A_subscription_made_without_Redis_hears_when_it_comes_and_when_it_comes_again()
    {
        await using var server = await OwnRedis.StartAsync("--save", "");
        await server.KillAsync();
        await using var redis = OwnRedis.Connect(server.Address);
        var heard = new ConcurrentQueue<ItemKey>();
        new StockLedger(redis).OnRestocked(heard.Enqueue);
        for (var i = 0; i < 2; i++)
        {
            server.Restart();
            await AnswersAsync(redis);
            var item = new TestItem().Key;
            await Eventually.IsTrueAsync("the news is heard", async () =>
            {
                await redis.GetDatabase().PublishAsync(RedisChannel.Literal("seckill:restocked"), item.ToString());
                return heard.Contains(item);
            });
            await server.KillAsync();
        }
    }

    [Fact]
    public async Task Scripts_that_the_server_has_forgotten_are_sent_again()
    {
        await using var server = await OwnRedis.StartAsync("--save", "");
        await using var redis = OwnRedis.Connect(server.Address);
        var (ledger, item) = (new StockLedger(redis), new TestItem());
        Assert.Equal(WarmOutcome.Created, await ledger.WarmAsync(item.Keys, item.Plan()).InTime());
        await server.CommandAsync("script", "flush");
        Assert.Equal(WarmOutcome.Existed, await ledger.WarmAsync(item.Keys, item.Plan()).InTime());
        await server.KillAsync();
        server.Restart();
        await AnswersAsync(redis);
        Assert.Equal(WarmOutcome.Created, await ledger.WarmAsync(item.Keys, item.Plan()).InTime());
    }

    [Fact]
    public async Task A_caller_that_blocks_on_one_reply_does_not_keep_the_others_from_theirs()
    {
        await using var redis = OwnRedis.Connect(Servers.RedisConnection);
        var database = redis.GetDatabase();
        using var go = new ManualResetEventSlim();
        // Right where the reply is delivered, as a continuation that takes long would be.
        var blocked = Task.Run(() => database.PingAsync().ContinueWith(
            _ => go.Wait(Eventually.Limit), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
        await database.PingAsync().InTime();
        go.Set();
        Assert.True(await blocked.InTime());
    }

    [Fact]
    public async Task A_server_that_accepts_and_says_nothing_is_tried_again_and_keeps_no_connections()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var (accepted, open, most) = (0, 0, 0);
        var accepting = AcceptAsync();
        await using (OwnRedis.Connect(silent.LocalEndpoint.ToString()!))
        {
            await Eventually.IsTrueAsync("it has tried again and again", () => Volatile.Read(ref accepted) >= 12);
        }

        await Eventually.IsTrueAsync("nothing of it is open", () => Volatile.Read(ref open) == 0);
        // Two connections, and those that are closed while their successors come.
        Assert.InRange(most, 1, 6);
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
                    most = Math.Max(most, Interlocked.Increment(ref open));
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

    /// <summary>Waits until a write succeeds.</summary>
    internal static Task AnswersAsync(IConnectionMultiplexer redis) => Eventually.IsTrueAsync("Redis takes writes", async () =>
    {
        try
        {
            return await redis.GetDatabase().HashSetAsync("answers", Guid.NewGuid().ToString("N"), 1);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return false;
        }
    });

    private static async Task<bool> IsLoadingAsync(OwnRedis server)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, server.Port);
            await client.GetStream().WriteAsync("GET key\r\n"u8.ToArray());
            var buffer = new byte[64];
            return buffer.AsSpan(0, await client.GetStream().ReadAsync(buffer)).StartsWith("-LOADING"u8);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return false;
        }
    }
}
