using System.Globalization;
using Seckill.Shared.Stock;
using Seckill.Shared.WaitingRoom;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.WaitingRoom;

/// <summary>A waiting room in the real Redis whose clock stands still until the test moves it: hours of a sale in a second.</summary>
internal sealed class RoomWorld
{
    private readonly RedisKey _clock;
    private readonly string _admit;
    private readonly string _register;

    public RoomWorld()
    {
        SaleId = TestItem.NewId();
        Keys = new RoomKeys(SaleId);
        _clock = string.Create(CultureInfo.InvariantCulture, $"seckill:{{room:{SaleId}}}:clock");
        (_admit, _register) = (WithClock("admit.lua"), WithClock("register.lua"));
    }

    public long SaleId { get; }

    public RoomKeys Keys { get; }

    public long Now { get; private set; } = 1_000_000;

    /// <summary>Makes the room, drawn with nobody in it: the places are the positions.</summary>
    public async Task OpenAsync(int rate, int passSeconds, bool isDrawn = true)
    {
        await new RoomLedger(Servers.Redis).WarmAsync(new RoomPlan(
            SaleId, null, DateTimeOffset.FromUnixTimeMilliseconds(Now + 1_000), rate, passSeconds, 0, 2, null, null, RoomMode.Open, 1));
        if (isDrawn)
        {
            await Servers.Database.HashSetAsync(Keys.Room, [new("sealed", 0), new("root", "00"), new("seed", new string('0', 64))]);
        }

        await PassAsync(0);
    }

    /// <summary>Time passes.</summary>
    public Task PassAsync(long milliseconds)
    {
        Now += milliseconds;
        return Servers.Database.StringSetAsync(_clock, Now);
    }

    public async Task<IReadOnlyList<int>> RegisterAsync(params RoomRegistration[] buyers)
    {
        RedisValue[] arguments =
            [buyers.Length, .. buyers.SelectMany(buyer => new RedisValue[] { buyer.UserId, buyer.GivesUp, buyer.Group })];
        var reply = ((RedisResult[]?)await Servers.Database.ScriptEvaluateAsync(_register, [.. Keys.ForRegister], arguments).InTime())!;
        return [.. reply.Skip(2).Select(place => (int)place)];
    }

    /// <returns>Admitted in this call, served, expired, passes that are out.</returns>
    public async Task<(int More, int Served, int Expired, int Out)> AdmitAsync(
        int units, long taken = 0, bool isOver = false, long? readAt = null, params int[] used)
    {
        RedisValue[] arguments = [units, isOver, taken, readAt ?? Now, .. used.Select(position => (RedisValue)position)];
        var reply = ((RedisResult[]?)await Servers.Database.ScriptEvaluateAsync(_admit, [.. Keys.ForAdmit], arguments).InTime())!;
        return ((int)reply[0], (int)reply[1], (int)reply[2], (int)reply[3]);
    }

    private string WithClock(string script)
    {
        var text = StockScript.Load(script);
        Assert.Contains("redis.call('TIME')", text, StringComparison.Ordinal);
        var now = $"redis.call('GET', '{_clock}')";
        return text.Replace(
            "redis.call('TIME')", $"{{ math.floor({now} / 1000), ({now} % 1000) * 1000 }}", StringComparison.Ordinal);
    }
}
