using System.Text.Json;
using Dapper;
using Npgsql;
using Seckill.Tests.Harness.Clients;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// An orders database and a legacy database of one scenario alone: the verifier walks all orders of a database, and those of other
/// scenarios were never written to the legacy one. Also what ops ask of the dual write.
/// </summary>
internal sealed class DualDatabases : IAsyncDisposable
{
    private readonly string _name = "scenario_" + Guid.NewGuid().ToString("N");
    private readonly NpgsqlDataSource _orders;
    private readonly string? _ownLegacy;

    private DualDatabases(StoreConnections servers, string? ownLegacy)
    {
        _ownLegacy = ownLegacy;
        LegacyConnection = ConnectionString(ownLegacy ?? Servers.Given(Servers.LegacySetting), "_legacy");
        _orders = NpgsqlDataSource.Create(OrdersConnection);
        Legacy = NpgsqlDataSource.Create(LegacyConnection);
        Connections = servers.With(_orders);
    }

    /// <summary>With this orders database.</summary>
    public StoreConnections Connections { get; }

    /// <summary>The legacy database, past the relay.</summary>
    public NpgsqlDataSource Legacy { get; }

    public string LegacyConnection { get; }

    private string OrdersConnection => ConnectionString(Servers.Given(Servers.OrdersSetting), "_orders");

    /// <summary>Between the services and the legacy database.</summary>
    public Relay Relay { get; set; } = null!;

    /// <summary>What services are given, with a verifier that is always at work.</summary>
    public (string Name, string? Value)[] Settings =>
    [
        (Servers.OrdersSetting, OrdersConnection), Relay.Setting,
        ("Legacy__LaggingSeconds", "1"), ("Legacy__RoundPauseMilliseconds", "100"),
    ];

    /// <summary>
    /// The same for a scenario that does not ask how fast the services are: on a machine under load their own limit would turn a slow
    /// batch into an open breaker.
    /// </summary>
    public (string Name, string? Value)[] SettingsWithoutHaste =>
        [.. Settings, ("Legacy__SlowBatchMilliseconds", "60000")];

    public static async Task<DualDatabases> CreateAsync(StoreConnections servers, string? ownLegacy)
    {
        var databases = new DualDatabases(servers, ownLegacy);
        await AdministerAsync(Servers.Given(Servers.OrdersSetting), $"create database {databases._name}_orders");
        await AdministerAsync(ownLegacy ?? Servers.Given(Servers.LegacySetting), $"create database {databases._name}_legacy");
        return databases;
    }

    /// <summary>Item numbers that no other database has given out: all share one Redis.</summary>
    public async Task NumberItemsApartAsync()
    {
        await Eventually.IsTrueAsync(
            "the schema is there", async () => await OursAsync<bool>("select to_regclass('dual_write_control') is not null"));
        await OursAsync($"alter table sale_items alter item_number restart with {Random.Shared.Next(1 << 30, int.MaxValue - 1_000)}");
    }

    /// <summary>What <c>GET</c> or <c>PUT /dual-write</c> says, or something below it.</summary>
    public static Task<JsonElement> AskAsync(
        ServiceProcess service, string below = "", object? change = null, HttpMethod? method = null) =>
        Operator.AskAsync(service, method ?? (change is null ? HttpMethod.Get : HttpMethod.Put), "/dual-write" + below, change);

    /// <summary>Waits until nothing waits and a whole round found nothing, and compares the two tables field by field.</summary>
    /// <returns>Orders.</returns>
    public async Task<int> AgreeAsync(ServiceProcess service)
    {
        var what = "";
        await Eventually.IsTrueAsync("nothing waits for the legacy database", async () =>
        {
            var view = await AskAsync(service);
            what = view.ToString();
            return view.GetProperty("pending").GetInt64() == 0 && view.GetProperty("breaker").GetString() == "closed";
        });
        var round = (await AskAsync(service, "/verifier")).GetProperty("round").GetInt64();
        await Eventually.IsTrueAsync("everything is verified again",
            async () => (await AskAsync(service, "/verifier")).GetProperty("round").GetInt64() > round + 1);
        var view = await AskAsync(service);
        Assert.True(
            view.GetProperty("missing").GetInt64() + view.GetProperty("mismatched").GetInt64() == 0,
            $"{view} {await AskAsync(service, "/discrepancies")}");
        var ours = await RowsAsync(_orders,
            """
            select order_id as id, user_id, sku_id, sale_id, quantity::bigint, unit_price * quantity,
              case status when 'placed' then 0 when 'paid' then 1 when 'cancelled' then 2 when 'expired' then 3 else 9 end::bigint,
              floor(extract(epoch from reserved_at))::bigint, coalesce(floor(extract(epoch from paid_at)), 0)::bigint
            from orders
            order by order_id
            """);
        var theirs = await RowsAsync(Legacy,
            """
            select order_sn::text, uid::bigint, goods_id::bigint, activity_id::bigint, num::bigint, (order_amount * 100)::bigint,
              order_status::bigint, add_time::bigint, pay_time::bigint
            from t_order
            where is_delete = 0
            order by order_sn collate "C"
            """);
        Assert.Equal(ours, theirs);
        return ours.Count;
    }

    public async Task OursAsync(string sql)
    {
        await using var connection = await _orders.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }

    public async Task<T> OursAsync<T>(string sql)
    {
        await using var connection = await _orders.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    public async Task TheirsAsync(string sql, object? parameters = null)
    {
        await using var connection = await Legacy.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        await Legacy.DisposeAsync();
        await AdministerAsync(Servers.Given(Servers.OrdersSetting), $"drop database if exists {_name}_orders with (force)");
        if (_ownLegacy is null)
        {
            await AdministerAsync(Servers.Given(Servers.LegacySetting), $"drop database if exists {_name}_legacy with (force)");
        }
    }

    private static async Task AdministerAsync(string server, string sql)
    {
        await using var admin = new NpgsqlConnection(server);
        await admin.ExecuteAsync(sql);
    }

    private static async Task<List<(string, long, long, long, long, long, long, (long, long))>> RowsAsync(
        NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<(string, long, long, long, long, long, long, (long, long))>();
        while (await reader.ReadAsync())
        {
            long Number(int column) => reader.GetInt64(column);
            rows.Add((reader.GetString(0), Number(1), Number(2), Number(3), Number(4), Number(5), Number(6), (Number(7), Number(8))));
        }

        return rows;
    }

    private string ConnectionString(string server, string suffix) =>
        new NpgsqlConnectionStringBuilder(server) { Database = _name + suffix }.ConnectionString;
}
