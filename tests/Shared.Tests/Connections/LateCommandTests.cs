using System.Security.Cryptography;
using System.Text;
using Seckill.Shared.Connections;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: a packet that arrives when its caller has given up changes nothing that was done since. Broken by a change of stock that is
/// made by the packet as well as by the retry. Also what the chaos runs rely on: a relay that holds one command back and loses none.
/// </summary>
public sealed class LateCommandTests
{
    [Fact]
    public async Task A_change_of_stock_that_is_held_back_on_the_wire_is_made_once()
    {
        await using var relay = Relay.ToRedis();
        await using var redis = await ConnectionMultiplexer.ConnectAsync(RedisClient.Options(relay.Setting.Value));
        var (ledger, item, over) = (new StockLedger(redis), await TestItem.OpenAsync(units: 5), false);
#pragma warning disable CA5350 // It is how Redis names a script.
        var script = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(StockScript.Load("adjust.lua"))));
#pragma warning restore CA5350
        // Redis knows the script, and the client does not send its text with the call.
        Assert.Equal(AdjustOutcome.Made, await ledger.AdjustAsync(item.Keys, "before", 1).InTime());
        var late = relay.HoldBackAsync(script, TimeSpan.FromMilliseconds(500), () => over);
        await Assert.ThrowsAnyAsync<RedisException>(() => ledger.AdjustAsync(item.Keys, "late", 10).InTime());
        Assert.False(late.IsCompleted);
        await Eventually.IsTrueAsync("the client has a connection again", () => redis.IsConnected);
        Assert.Equal(AdjustOutcome.Made, await ledger.AdjustAsync(item.Keys, "late", 10).InTime());
        Assert.StartsWith("*5\r\n:1\r\n:10\r\n", await late.InTime(), StringComparison.Ordinal);
        Assert.Equal((16, 16), (await item.InspectAsync() is var now ? now.Available : 0, now.Allocated));

        // What nothing asks for any more is not waited for.
        late = relay.HoldBackAsync(script, TimeSpan.Zero, () => over);
        over = true;
        Assert.Null(await late.InTime());
    }

    [Fact]
    public async Task Commands_are_whole_however_the_bytes_come()
    {
        var hold = new CommandHold();
        var commands = new RedisCommands(hold);
        const string Ping = "*1\r\n$4\r\nPING\r\n", Script = "*3\r\n$7\r\nEVALSHA\r\n$4\r\nabcd\r\n$0\r\n\r\n";
        var sent = Encoding.ASCII.GetBytes(Ping + Script + "*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n");
        var passed = sent.SelectMany(one => commands.Pass([one])).ToArray();
        Assert.Equal(sent, passed);
        var wanted = hold.NextAsync("abcd", () => false);
        Assert.Equal(Ping, Encoding.ASCII.GetString(commands.Pass(sent)));
        Assert.True(commands.IsCut);
        Assert.Equal(Script, Encoding.ASCII.GetString((await wanted.InTime())!));
    }
}
