using Dapper;
using MassTransit;
using Npgsql;
using Seckill.Shared.Connections;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Chaos;

/// <summary>
/// Where the runs of a series take place: four servers, and two APIs, two workers and two inventories, each behind relays of its own.
/// Each run has a sale of its own; servers and services go on from run to run, as they do in a data centre.
/// </summary>
internal sealed class Stage : IAsyncDisposable
{
    private static readonly string[] s_keys = ["item", "buyers", "holds", "outbox", "orders", "changes", "alerts", "keys"];
    private static readonly string[] s_roomKeys = ["room", "places", "registrations", "groups", "steps", "used"];
    private readonly IBusControl _bus;

    private Stage(ChaosServers servers, string root)
    {
        (Machines, Root) = (servers, root);
        Direct = new StoreConnections(servers[Servers.RedisSetting], servers[Servers.OrdersSetting]);
        Legacy = NpgsqlDataSource.Create(servers[Servers.LegacySetting]);
        Members = Schedule.Processes.ToDictionary(name => name, name => new Member(name, root, servers));
        _bus = Bus.Factory.CreateUsingRabbitMq(rabbit => rabbit.Host(new Uri(servers[Servers.RabbitMqSetting])));
        Publisher = new OrdersReservedPublisher(_bus, new MessageSignature(DevelopmentKeys.Ops));
    }

    public ChaosServers Machines { get; }

    /// <summary>Our own connections, past every relay.</summary>
    public StoreConnections Direct { get; }

    /// <inheritdoc cref="Direct"/>
    public NpgsqlDataSource Legacy { get; }

    public IReadOnlyDictionary<string, Member> Members { get; }

    public IReadOnlyList<Member> Apis => [.. Schedule.Apis.Select(name => Members[name])];

    public IReadOnlyList<Member> Inventories => [.. Schedule.Inventories.Select(name => Members[name])];

    /// <summary>Where the source of the services is.</summary>
    public string Root { get; }

    /// <summary>For messages that come twice.</summary>
    public OrdersReservedPublisher Publisher { get; }

    /// <param name="instance"><c>chaos</c> or <c>test-chaos</c>.</param>
    /// <param name="root">Where the built services are.</param>
    public static async Task<Stage> StartAsync(string instance, string root)
    {
        var stage = new Stage(await ChaosServers.StartAsync(instance), root);
        try
        {
            await stage.HealAsync();
            // Listening is not enough: the schema may still be on its way.
            await stage.ReadyAsync();
            await DualDatabases.AskAsync(stage.Apis[0].Now, change: new { mode = "shadow" });
            await EventConsumer.BindAsync(stage.Machines[Servers.RabbitMqSetting]);
            await stage._bus.StartAsync();
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whatever is broken, frozen, cut or dead works again when this ends.</summary>
    public async Task HealAsync()
    {
        foreach (var member in Members.Values)
        {
            member.DisarmFailPoint();
            member.Now?.Resume();
            foreach (var relay in member.Relays.Values)
            {
                relay.Resume();
            }
        }

        await Task.WhenAll(Schedule.Servers.Select(server =>
        {
            Machines.Resume(server);
            return Machines.StartAgainAsync(server);
        }));
        await Eventually.IsTrueAsync("PostgreSQL takes orders", async () => await TryAsync(() => DiskFullAsync(false)));
        await Eventually.IsTrueAsync("the legacy database takes rows", async () => await TryAsync(() => SwallowLegacyRowsAsync(false)));
        await Task.WhenAll(Members.Values.Select(member => member.StartAsync()));
    }

    /// <summary>Everybody's readiness, after the worst.</summary>
    public Task ReadyAsync() => Task.WhenAll(Members.Values.Select(member => member.Now.BecomesAsync(200)));

    /// <summary>PostgreSQL answers as it does on a full disk, to whoever writes orders.</summary>
    public Task DiskFullAsync(bool full) => ExecuteAsync(Direct.Orders, full
        ? """
          create or replace function chaos_disk_full() returns trigger language plpgsql as
            $$ begin raise exception using errcode = '53100', message = 'could not extend file: No space left on device'; end $$;
          create or replace trigger chaos_disk_full before insert or update on orders execute function chaos_disk_full();
          """
        : "do $$ begin if to_regclass('orders') is not null then drop trigger if exists chaos_disk_full on orders; end if; end $$");

    /// <summary>The legacy database says that it wrote a row, and did not.</summary>
    public Task SwallowLegacyRowsAsync(bool swallow) => ExecuteAsync(Legacy, swallow
        ? """
          create or replace function chaos_swallow() returns trigger language plpgsql as $$ begin return null; end $$;
          create or replace trigger chaos_swallow before insert or update on t_order for each row execute function chaos_swallow();
          """
        : "do $$ begin if to_regclass('t_order') is not null then drop trigger if exists chaos_swallow on t_order; end if; end $$");

    /// <summary>Every order is in the legacy database when the outbox is empty again, whatever operators did with the dual write.</summary>
    /// <param name="wasOff">Whether changes were not kept for it.</param>
    public async Task WriteLegacyAsync(bool wasOff)
    {
        await SaysAsync(HttpMethod.Put, "/dual-write", new { mode = "shadow", readFromNewPercent = 100 }, "\"mode\":\"shadow\"");
        if (wasOff)
        {
            await SaysAsync(HttpMethod.Post, "/dual-write/backfill", null, "\"state\"");
            await SaysAsync(HttpMethod.Get, "/dual-write/backfill", null, "\"state\":\"finished\"");
        }

        Task SaysAsync(HttpMethod method, string path, object? body, string said) => Eventually.IsTrueAsync(
            $"{method} {path} answers {said}", async () => await Operator.TryAsync(Apis[0].Now, method, path, body) is var (answer, json)
                && answer.Status is 200 or 202 && json.GetRawText().Contains(said, StringComparison.Ordinal));
    }

    /// <summary>Of the waiting room in Redis.</summary>
    public static RedisKey[] RoomKeysOf(Sale sale) => [.. s_roomKeys.Select(key => (RedisKey)$"seckill:{{room:{sale.Id}}}:{key}")];

    /// <summary>Of an item in Redis.</summary>
    public static RedisKey[] KeysOf(Sale sale, long sku) => [.. s_keys.Select(key => (RedisKey)$"seckill:{{{sale.Id}:{sku}}}:{key}")];

    /// <summary>Deletes a sale that is over: the stores, and what looks after all sales in them, stay as small as for one.</summary>
    public async Task ForgetAsync(Sale sale)
    {
        await using var ours = await Direct.Orders.OpenConnectionAsync();
        var numbers = await ours.QueryAsync<int>("select item_number from sale_items where sale_id = @Id", new { sale.Id });
        await ours.ExecuteAsync(
            """
            delete from payments where order_id in (select order_id from orders where sale_id = @Id);
            delete from refunds where order_id in (select order_id from orders where sale_id = @Id);
            delete from legacy_discrepancies where order_id in (select order_id from orders where sale_id = @Id);
            delete from stock_changes where sale_id = @Id;
            delete from waiting_rooms where sale_id = @Id;
            delete from sale_archive_pieces where sale_id = @Id;
            delete from sale_archives where sale_id = @Id;
            delete from orders where sale_id = @Id;
            delete from sale_items where sale_id = @Id;
            delete from sales where sale_id = @Id;
            """,
            new { sale.Id });
        await using var theirs = await Legacy.OpenConnectionAsync();
        await theirs.ExecuteAsync("delete from t_order where activity_id = @Id", new { sale.Id });
        var redis = Direct.Redis;
        await redis.HashDeleteAsync("seckill:sales", sale.Id);
        await redis.HashDeleteAsync("seckill:numbers", [.. numbers.Select(number => (RedisValue)number)]);
        foreach (var sku in sale.Skus)
        {
            await redis.KeyDeleteAsync(KeysOf(sale, sku));
        }

        await redis.KeyDeleteAsync(RoomKeysOf(sale));
        // Its file, too: a server that takes seconds to load it is away for most of a later run.
        await redis.ExecuteAsync("BGREWRITEAOF", [], StackExchange.Redis.CommandFlags.FireAndForget);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in Members.Values)
        {
            await member.DisposeAsync();
        }

        await TryAsync(() => _bus.StopAsync(TimeSpan.FromSeconds(5)));
        await Direct.DisposeAsync();
        await Legacy.DisposeAsync();
        await Machines.DisposeAsync();
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var connection = await database.OpenConnectionAsync();
        // A lock that somebody frozen holds must not hold us.
        await connection.ExecuteAsync("set lock_timeout = '2s';" + sql);
    }

    private static async Task<bool> TryAsync(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (Exception exception) when (
            exception is NpgsqlException or TimeoutException or OperationCanceledException or MassTransitException)
        {
            return false;
        }
    }
}
