using Dapper;
using Npgsql;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: a worker that is killed at whatever line between claiming changes and marking them has lost nothing and doubled nothing.
/// The worker is held at the line by a lock in one of the two databases, seen to wait there, and killed for real.
/// </summary>
public sealed class LegacyCrashTests(StoreConnections servers, ITestOutputHelper output)
{
    private const int Orders = 40;

    private static readonly string[] s_places =
    [
        "claimed, not written", "written, not told of it", "written, not read back", "compared, not recorded",
        "removed from the outbox, not committed",
    ];

    [Fact]
    public async Task A_worker_killed_anywhere_on_the_way_to_the_legacy_database_leaves_every_order_there_once()
    {
        await using var installation = new Installation();
        var databases = await installation.CreateDatabasesAsync(servers);
        var (api, inventory) = (installation.StartApi(databases.SettingsWithoutHaste), installation.StartInventory(databases.Settings));
        var worker = installation.StartWorker(databases.SettingsWithoutHaste);
        await Installation.ReadyAsync(api, inventory, worker);
        await databases.NumberItemsApartAsync();
        await DualDatabases.AskAsync(api, change: new { mode = "shadow" });
        var before = 0;
        foreach (var where in s_places)
        {
            output.WriteLine(where);
            using var buyers = new Buyers(await Sale.OpenAsync(inventory, units: Orders + 1, fitsLegacy: true));
            worker = await KillAsync(where, before, buyers, installation, databases, api, worker);
            before += Orders + 1;
        }
    }

    /// <summary>Kills a worker there, and checks what the next one, which is returned, makes of it.</summary>
    private static async Task<ServiceProcess> KillAsync(
        string where, int before, Buyers buyers, Installation installation, DualDatabases databases, ServiceProcess api,
        ServiceProcess first)
    {
        await buyers.ClickAsync(api, buyers.NewUser());
        Assert.Equal(before + 1, await AgreeAsync(databases, api, before + 1));
        Assert.Equal(0, await first.StopAsync());
        await Crowd.AllAsync(Enumerable.Range(0, Orders), async _ =>
            Assert.Equal(202, (await buyers.ClickAsync(api, buyers.NewUser())).Status));

        await using var ours = await databases.Connections.Orders.OpenConnectionAsync();
        await using var theirs = await databases.Legacy.OpenConnectionAsync();
        await using var behind = await databases.Legacy.OpenConnectionAsync();
        var held = await (where switch
        {
            "compared, not recorded" => BeginAsync(ours, "lock table legacy_discrepancies in exclusive mode"),
            "removed from the outbox, not committed" => BeginAsync(ours, "select from legacy_verified for update"),
            _ => BeginAsync(theirs, "lock table t_order in share mode"),
        });
        // One writer and no verifier: nobody else waits at the same lock.
        var victim = installation.StartWorker(
            [.. databases.SettingsWithoutHaste, ("Legacy__Writers", "1"), ("Legacy__RoundPauseMilliseconds", "3600000")]);
        var queued = Task.FromResult<NpgsqlTransaction?>(null);
        switch (where)
        {
            case "claimed, not written":
                await WaitsAtAsync(databases.Legacy, "%insert into t_order%");
                break;
            case "written, not told of it":
                await WaitsAtAsync(databases.Legacy, "%insert into t_order%");
                databases.Relay.Freeze(toServer: false);
                await held.CommitAsync();
                await Eventually.IsTrueAsync("the rows are there", async () => await CountAsync(databases) > before + 1);
                break;
            case "written, not read back":
                await WaitsAtAsync(databases.Legacy, "%insert into t_order%");
                // Second in the queue for the table, so the worker's next question is the third.
                queued = BeginAsync(behind, "lock table t_order in access exclusive mode")!;
                await WaitsAtAsync(databases.Legacy, "lock table%");
                await held.CommitAsync();
                await WaitsAtAsync(databases.Legacy, "select order_sn%");
                break;
            case "compared, not recorded":
                // The writer, and not the verifier, which records too: it has a lane.
                await WaitsAtAsync(databases.Connections.Orders, "with found%", holding: "legacy_lanes");
                Assert.True(await CountAsync(databases) > before + 1);
                break;
            default:
                await WaitsAtAsync(databases.Connections.Orders, "%legacy_verified%");
                break;
        }

        await victim.KillAsync();
        Assert.True(await databases.OursAsync<long>("select count(*) from legacy_outbox") > 0);

        await ((await queued)?.CommitAsync() ?? Task.CompletedTask);
        await held.DisposeAsync();
        databases.Relay.Resume();
        var next = installation.StartWorker(databases.SettingsWithoutHaste);
        await Audit.WhenDrainedAsync(databases.Connections, buyers);
        var all = before + Orders + 1;
        Assert.Equal(all, await AgreeAsync(databases, api, all));
        Assert.Equal(0, await databases.OursAsync<long>("select count(*) from legacy_discrepancies"));
        Assert.Equal(all, await databases.OursAsync<long>("select orders from legacy_verified"));
        return next;
    }

    private static async Task<int> AgreeAsync(DualDatabases databases, ServiceProcess api, int orders)
    {
        await Eventually.IsTrueAsync(
            "the orders are persisted", async () => await databases.OursAsync<long>("select count(*) from orders") == orders);
        return await databases.AgreeAsync(api);
    }

    private static async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, string sql)
    {
        var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(sql);
        return transaction;
    }

    private static Task<TimeSpan> WaitsAtAsync(NpgsqlDataSource database, string query, string? holding = null) =>
        Eventually.IsTrueAsync($"somebody waits for a lock to do {query}", async () =>
        {
            await using var connection = await database.OpenConnectionAsync();
            return await connection.ExecuteScalarAsync<bool>(
                """
                select exists (
                  select from pg_stat_activity a
                  where datname = current_database() and wait_event_type = 'Lock' and ltrim(query, E' \n') like @query
                    and (@holding::text is null or exists (
                      select from pg_locks l
                      where l.pid = a.pid and l.relation = to_regclass(@holding) and l.mode = 'RowShareLock')))
                """,
                new { query, holding });
        });

    private static async Task<long> CountAsync(DualDatabases databases)
    {
        await using var connection = await databases.Legacy.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("select count(*) from t_order");
    }
}
