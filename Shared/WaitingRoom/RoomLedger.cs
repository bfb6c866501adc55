using Seckill.Shared.Connections;
using Seckill.Shared.Stock;

namespace Seckill.Shared.WaitingRoom;

/// <summary>
/// Waiting rooms in Redis: the only code that knows their keys, scripts and replies. Every call may be repeated. Set
/// <c>seckill:rooms</c> names the sales whose room is in use.
/// </summary>
/// <remarks>Throws as <see cref="StockLedger"/> does.</remarks>
public sealed class RoomLedger(IConnectionMultiplexer redis, ReplicatedRedis? replicated = null)
{
    private const int PageSize = 10_000;
    private static readonly RedisKey s_rooms = "seckill:rooms";
    private static readonly string s_warm = StockScript.Load("warm_room.lua");
    private static readonly string s_register = StockScript.Load("register.lua");
    private static readonly string s_look = StockScript.Load("look.lua");
    private static readonly string s_draw = StockScript.Load("draw.lua");
    private static readonly string s_admit = StockScript.Load("admit.lua");

    private IDatabase Database => redis.GetDatabase();

    /// <summary>The sales whose room is in use.</summary>
    public async Task<IReadOnlyList<long>> SalesAsync() =>
        [.. (await Database.SetMembersAsync(s_rooms, CommandFlags.DemandMaster)).Select(id => (long)id)];

    /// <summary>Makes the room, or gives it what its operator changed.</summary>
    /// <returns>True when it was made in this call.</returns>
    public async Task<bool> WarmAsync(RoomPlan plan)
    {
        var secret = QueueSeed.NewSecret();
        var opensAt = plan.OpensAt ?? DateTimeOffset.UnixEpoch;
        var made = (int)await ReplicateAsync(s_warm, [new RoomKeys(plan.SaleId).Room],
        [
            plan.Version, plan.Mode.Text(), plan.AdmitPerSecond, plan.Beacon ?? "", opensAt.ToUnixTimeMilliseconds(),
            plan.DrawsAt.ToUnixTimeMilliseconds(),
            "commitment", QueueSeed.Commit(plan.SaleId, secret), "secret", secret, "blind", QueueSeed.NewSecret(),
            "pass_ms", plan.PassSeconds * 1000L, "work", plan.WorkBits, "group_limit", plan.GroupLimit,
            "beacon_name", plan.BeaconName ?? "",
        ]) == 1;
        // Behind the room: an instance that reads the name finds the room.
        await Database.SetAddAsync(s_rooms, plan.SaleId);
        return made;
    }

    /// <summary>The room is used no longer: instances stop to follow it. Its keys stay.</summary>
    public Task RestAsync(long saleId) => Database.SetRemoveAsync(s_rooms, saleId);

    /// <summary>Deletes the room of an archived sale, and who was in it. Repeatable.</summary>
    public async Task RemoveAsync(long saleId)
    {
        await RestAsync(saleId);
        await Database.KeyDeleteAsync(new RoomKeys(saleId).All);
    }

    /// <summary>Registers buyers, all in one call.</summary>
    /// <returns>The commitment of the room and, for each, the place or a <see cref="RegistrationOutcome"/>; null without a room.</returns>
    public async Task<(string Commitment, int[] Places)?> RegisterAsync(long saleId, IReadOnlyList<RoomRegistration> buyers)
    {
        var arguments = new RedisValue[1 + (3 * buyers.Count)];
        arguments[0] = buyers.Count;
        for (var i = 0; i < buyers.Count; i++)
        {
            (arguments[(3 * i) + 1], arguments[(3 * i) + 2], arguments[(3 * i) + 3]) =
                (buyers[i].UserId, buyers[i].GivesUp, buyers[i].Group);
        }

        var reply = ((RedisResult[]?)await ReplicateAsync(s_register, new RoomKeys(saleId).ForRegister, arguments))!;
        return reply.Length == 0 ? null : ((string)reply[1]!, [.. reply.Skip(2).Select(place => (int)place)]);
    }

    /// <summary>The room at this instant, with a page of what the caller does not know of it; null when there is none.</summary>
    /// <param name="firstPlace">The first one to read.</param>
    /// <param name="firstStep">The first one to read.</param>
    public async Task<RoomLook?> LookAsync(long saleId, int firstPlace, int firstStep)
    {
        var reply = ((RedisResult[]?)await StockScript.EvaluateAsync(
            redis, s_look, new RoomKeys(saleId).ForLook, [firstPlace, firstStep, PageSize]))!;
        return reply.Length == 0 ? null : new RoomLook(
            RoomState.Read((long)reply[0], (RedisValue[])reply[1]!, (int)reply[2]),
            [.. ((RedisValue[])reply[3]!).Select(user => (long)user)], (int)reply[4],
            [.. ((string[])reply[5]!).Select(ReadStep)]);
    }

    /// <summary>Admits as many as may come in now, and records whose pass was used.</summary>
    /// <param name="units">For sale; below 0 while unknown.</param>
    /// <param name="isOver">The sale is over, or closed by hand.</param>
    /// <param name="taken">Units that were ever held.</param>
    /// <param name="readAt">Redis time of these.</param>
    /// <param name="used">Positions.</param>
    public Task AdmitAsync(long saleId, int units, bool isOver, long taken, DateTimeOffset readAt, IEnumerable<int> used) =>
        ReplicateAsync(s_admit, new RoomKeys(saleId).ForAdmit,
            [units, isOver, taken, readAt.ToUnixTimeMilliseconds(), .. used.Select(position => (RedisValue)position)]);

    /// <summary>Records the root of the draw, or its seed when <paramref name="seed"/> is given.</summary>
    /// <param name="beacon">The public value that is in the seed; empty for none.</param>
    /// <param name="between">The least time between root and seed.</param>
    /// <returns>False when it is too early for the seed.</returns>
    /// <exception cref="InvalidOperationException">The room has another root, another number, or is another room.</exception>
    public async Task<bool> DrawAsync(
        long saleId, string commitment, int count, string root, string? seed, string beacon, TimeSpan between) =>
        (int)await ReplicateAsync(
            s_draw, [new RoomKeys(saleId).Room], [commitment, count, root, seed ?? "", (long)between.TotalMilliseconds, beacon]) switch
        {
            1 => true,
            0 => false,
            _ => throw new InvalidOperationException("The room is drawn with another root, or was made again."),
        };

    private static RoomStep ReadStep(string text)
    {
        var parts = text.Split(' ');
        return new RoomStep(
            int.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture),
            parts.Length > 2 ? long.Parse(parts[2], CultureInfo.InvariantCulture) : BuyerTurn.Unknown);
    }

    private Task<RedisResult> ReplicateAsync(string script, RedisKey[] keys, RedisValue[] arguments) =>
        replicated is null
            ? StockScript.EvaluateAsync(redis, script, keys, arguments) : replicated.EvaluateAsync(script, keys, arguments);
}
