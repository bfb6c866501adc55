using System.Globalization;
using System.Text.Json;
using Dapper;
using Npgsql;
using Seckill.Chaos.Invariants;
using Seckill.Tests.Harness.Clients;
using StackExchange.Redis;

namespace Seckill.Chaos;

/// <summary>Keeps everything about a run that found something: for a person, at night.</summary>
internal sealed class EvidenceWriter(
    Stage stage, Schedule schedule, Variant? variant, History history, Evidence? evidence, FaultRunner? faults, Sale? sale,
    InvariantException violation)
{
    private static readonly string[] s_tables =
    [
        "sales", "sale_items", "orders", "stock_returns", "quarantined_orders", "legacy_discrepancies", "legacy_outbox", "payments",
        "refunds", "audit_repairs", "rebuilds", "stock_changes",
    ];

    public async Task WriteAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        var again = (variant is null ? "" : " --variant " + variant.Name) + (schedule.HasRoom ? " --room" : "");
        string In(string name) => Path.Combine(directory, name);
        await File.WriteAllTextAsync(In("README.txt"), string.Create(CultureInfo.InvariantCulture,
            $"""
            {violation.Message}

            The same schedule again: ./seckill chaos --runs 1 --seed {schedule.Seed}{again}

            {schedule}

            sale {sale?.Id}, items {string.Join(", ", sale?.Skus ?? [])}
            {string.Join('\n', faults?.Log ?? [])}

            history.jsonl   what clients asked and were told, times in ms since the run began; operators.jsonl: the operators;
                            queue.jsonl: looks at the waiting room
            samples.json    what was seen of the stores meanwhile
            *.table.jsonl   rows of PostgreSQL and of the legacy database (t_order); redis.txt: the items' keys
            *.log           output of services and servers

            """));
        await history.WriteAsync(In("history.jsonl"), In("operators.jsonl"), In("queue.jsonl"));
        if (evidence is not null)
        {
            await File.WriteAllTextAsync(In("samples.json"), JsonSerializer.Serialize(
                new { evidence.Stock, evidence.Live, evidence.Homeless, evidence.Queues, evidence.Released, evidence.Losses }));
        }

        foreach (var log in stage.Members.Values.SelectMany(member => member.LogFiles))
        {
            File.Copy(log, In(Path.GetFileName(log)), overwrite: true);
        }

        foreach (var log in new DirectoryInfo(Path.Combine(stage.Machines.Directory, "logs")).EnumerateFiles("*.log"))
        {
            log.CopyTo(In("server-" + log.Name), overwrite: true);
        }

        try
        {
            foreach (var table in s_tables)
            {
                await DumpAsync(stage.Direct.Orders, table, In(table + ".table.jsonl"));
            }

            await DumpAsync(stage.Legacy, "t_order", In("t_order.table.jsonl"));
            await File.WriteAllLinesAsync(In("redis.txt"), await RedisAsync());
        }
        catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException or IOException)
        {
            await File.AppendAllTextAsync(In("README.txt"), $"A store could not be dumped: {exception.Message}\n");
        }
    }

    private static async Task DumpAsync(NpgsqlDataSource database, string table, string file)
    {
        await using var connection = await database.OpenConnectionAsync();
        await File.WriteAllLinesAsync(file, await connection.QueryAsync<string>($"select to_jsonb(t)::text from {table} t"));
    }

    private async Task<List<string>> RedisAsync()
    {
        var lines = new List<string>();
        foreach (var sku in sale?.Skus ?? [])
        {
            var prefix = $"seckill:{{{sale!.Id}:{sku}}}:";
            foreach (var hash in new[] { "item", "buyers", "holds", "orders", "keys" })
            {
                var entries = await stage.Direct.Redis.HashGetAllAsync(prefix + hash).WaitAsync(TimeSpan.FromSeconds(5));
                lines.AddRange(entries.Select(entry => $"{prefix}{hash} {entry.Name} = {entry.Value}"));
            }

            var waiting = await stage.Direct.Redis.SortedSetRangeByRankAsync(prefix + "outbox").WaitAsync(TimeSpan.FromSeconds(5));
            lines.AddRange(waiting.Select(order => $"{prefix}outbox {order}"));
        }

        return lines;
    }
}
