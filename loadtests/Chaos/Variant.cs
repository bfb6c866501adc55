using Dapper;

namespace Seckill.Chaos;

/// <summary>
/// The product with one promise broken on purpose, to see that the runs notice. The product's code knows nothing of it: a variant is a
/// change of the source, built elsewhere, or a change of the database.
/// </summary>
/// <param name="Name">For the command line and the table.</param>
/// <param name="Meaning">What is broken.</param>
/// <param name="Changes">In which file what stands there, and what stands there instead. Tests keep them in step with the source.</param>
/// <param name="Prepare">What is changed after the start.</param>
internal sealed record Variant(
    string Name, string Meaning, IReadOnlyList<(string File, string Is, string Becomes)> Changes, Func<Stage, Task>? Prepare = null)
{
    private const string Reserve = "Shared/Stock/Scripts/sell/reserve.lua";
    private const string Release = "Shared/Stock/Scripts/sell/release.lua";
    private const string Warm = "Shared/Stock/Scripts/sell/warm.lua";
    private const string Close = "Shared/Stock/Scripts/sell/close.lua";
    private const string Adjust = "Shared/Stock/Scripts/sell/adjust.lua";
    private const string Opening = "InventoryService/Sales/SaleOpening.cs";
    private const string StockChange = "InventoryService/Ledger/StockChanges.cs";
    private const string Persistence = "OrderService/Orders/OrderPersistence.cs";
    private const string Gate = "OrderService/Reservations/SoldOutGate.cs";
    private const string Functions = "Shared/Schema/008_order_functions.sql";
    private const string Writes = "Shared/Schema/014_stock_writes.sql";
    private const string Life = "Shared/Schema/023_life_of_a_sale.sql";
    private const string Refunds = "InventoryService/Refunds/OrderRefunds.cs";
    private const string EventRelay = "InventoryService/OrderEvents/OrderEventRelay.cs";
    private const string Export = "InventoryService/Archive/SaleExport.cs";
    private const string LossWatch = "InventoryService/Audit/LossWatch.cs";
    private const string FullAudit = "InventoryService/Audit/FullAuditor.cs";
    private const string Writer = "OrderService/LegacyOrders/Writing/RowWriter.cs";

    private static readonly (string File, string Is, string Becomes)[] s_lossesNotNoticed =
    [
        (Reserve, "if epoch < known_epoch or (epoch == known_epoch and seq < tonumber(ARGV[4])) then", "if false then"),
        (LossWatch, "redis.Epoch == item.Epoch && redis.Seq < item.Seq =>", "redis.Seq < 0 =>"),
        (Writes, "where w.at <> excluded.at", "where false"),
        (FullAudit, "if (audit.HasLostWrites)", "if (audit.HasLostWrites && item.SaleId < 0)"),
    ];

    /// <summary>The runs that look for it, made from drawn ones: what it breaks must be under attack, and seeds draw that seldom.</summary>
    public Func<Schedule, Schedule> Aim { get; private init; } = schedule => schedule;

    public static readonly IReadOnlyList<Variant> All =
    [
        new("hold-not-written", "reserve.lua takes the units and writes no hold",
            [(Reserve, "  redis.call('HSET', KEYS[3], unpack(holds))\n", "")]),
        new("outbox-not-written", "reserve.lua confirms and writes no outbox entry",
            [(Reserve, "  redis.call('ZADD', KEYS[4], unpack(entries))\n", "")]),
        new("key-not-written", "an order is not remembered under its Idempotency-Key",
            [(Reserve, "  if #keys > 0 then redis.call('HSET', KEYS[6], unpack(keys)) end\n", "")]),
        new("limit-outside-script", "reserve.lua leaves the limit to its callers",
            [(Reserve, "  if held_by[user] + quantity > limit then", "  if held_by[user] >= limit + limit then")]),
        new("settle-before-commit", "the worker takes orders from the outbox, and then persists them",
            [
                (Persistence, "        await PlaceOrQuarantineAsync(batch, cancellationToken);\n", ""),
                (Persistence, "        FailPoint.Reach(\"7-settled\");\n",
                    "        await PlaceOrQuarantineAsync(batch, cancellationToken);\n"),
            ]),
        new("ack-before-commit", "the worker acknowledges and settles while the transaction still runs",
            [
                (Persistence, "        await PlaceOrQuarantineAsync(batch, cancellationToken);\n",
                    "        _ = PlaceOrQuarantineAsync(batch, CancellationToken.None);\n"),
            ]),
        new("release-without-hold-check", "release.lua gives units back for an order that has no hold",
            [
                (Release, "  if hold and not is_gone[order] then\n", "  if not is_gone[order] then\n"),
                (Release, "parse_hold(hold)", "parse_hold(hold or '1:1:0')"),
            ]),
        new("gate-without-expiry", "an instance that has seen an item sold out never asks again",
            [
                (Gate, "if (clock.GetElapsedTime(knowledge.ConfirmedAt, now) >= MaximumStaleness)", "if (now < 0)"),
                (Gate, "if (now >= nextProbe && ", "if (now < 0 && "),
                (Gate, "public void Open() => Volatile.Write(ref _knowledge, null);", "public void Open() => _nextProbe = 0;"),
            ]),
        new("paid-without-compare", "an order is closed whatever its status is",
            [
                (Functions, "    where status = 'placed' and ctid = any(rows)\n",
                    "    where status <> coalesce(new_status, '') and ctid = any(rows)\n"),
            ]),
        new("no-read-back", "the legacy writer marks changes as written without reading them back",
            [
                (Writer, "var written = await store.ReadAsync([.. rows.Select(row => row.Row.OrderSn)], cancellationToken);",
                    "await Task.Yield(); var written = rows.ToDictionary(row => row.Row.OrderSn, row => row.Row);"),
            ]),
        new("late-open", "warm.lua opens an item whatever version it has",
            [(Warm, "if integer(item[3]) > tonumber(ARGV[1]) then return -1 end\n", "")])
            { Aim = schedule => schedule.WithLateCommands("warm", milliseconds: 700) },
        new("late-close", "close.lua closes an item whatever version it has",
            [(Close, "if integer(item[3]) > tonumber(ARGV[1]) then return -1 end\n", "")])
            { Aim = schedule => schedule.WithLateCommands("close", milliseconds: 900) },
        new("late-change", "adjust.lua changes the stock of an item that was rebuilt since, and has forgotten the names of changes",
            [(Adjust, " or integer(item[4] or '1') > tonumber(ARGV[5])", "")])
            // Long enough for a rebuild that an operator asks for.
            { Aim = schedule => schedule.WithLateCommands("adjust", milliseconds: 4_500) },
        new("change-without-name", "adjust.lua does not remember which changes were made",
            [(Adjust, "redis.call('SADD', KEYS[2], ARGV[2])\n", "")]),
        new("change-not-recorded", "PostgreSQL forgets a change of stock that was made as one that was refused",
            [(StockChange, " outcome == AdjustOutcome.Made\n", " outcome == AdjustOutcome.Made && made < 0 && made > 0\n")]),
        new("last-item-open", "a close leaves the last item of the sale open",
            [
                (Opening, "await ApplyAsync(sale, item, state, version, cancellationToken)",
                    "(state == SaleState.Closed && item == sale.Items[^1] ? OpeningOutcome.Done"
                    + " : await ApplyAsync(sale, item, state, version, cancellationToken))"),
            ]),
        new("open-without-version", "warm.lua opens an item again and keeps its old version",
            [(Warm, "'state', 'open', 'state_version', ARGV[1])\nreturn 0", "'state', 'open')\nreturn 0")]),
        new("losses-not-noticed", "nobody compares the numbers of an item's changes, and the full audit only reports",
            s_lossesNotNoticed),
        new("returns-forgotten", "PostgreSQL does not remember whose stock must come back", [],
            stage => ExecuteAsync(stage,
                """
                create function forget() returns trigger language plpgsql as $$ begin return null; end $$;
                create trigger forget before insert on stock_returns for each row execute function forget();
                """)),
        new("orders-forgotten", "PostgreSQL confirms orders that it does not keep", [],
            stage => ExecuteAsync(stage,
                """
                create function forget() returns trigger language plpgsql as
                  $$ begin delete from orders where order_id = new.order_id; return null; end $$;
                create trigger forget after insert on orders for each row when (new.user_id % 5 = 0) execute function forget();
                """)),
        new("placed-without-event", "an order that is alone in its batch is placed without an event",
            [(Life, "  elsif added is not null then\n", "  elsif cardinality(added) > 1 then\n")]),
        new("event-before-confirm", "the position of the events moves before the broker has confirmed them",
            [
                (EventRelay, "if (page.Events.Count > 0 && !await exchange.PublishAsync([.. page.Events.Select(MessageOf)]))",
                    "if (page.Events.Count > 0 && exchange.PublishAsync([.. page.Events.Select(MessageOf)]).IsCanceled)"),
            ]),
        new("refund-without-bound", "more goes back than was paid", [(Refunds, "amount == 0 || amount > payment.Left", "amount == 0")],
            stage => ExecuteAsync(stage, "alter table payments drop constraint payments_refunded")),
        new("export-incomplete", "the export of an archive has no orders that were paid",
            [(Export, "o where i.sale_id = @saleId order by o.order_id\n", "o where i.sale_id = @saleId and o.paid_at is null\n")]),
        // Redis sells more than there is only when its loss of data is not noticed.
        new("no-ledger-check", "the loss of data is not noticed, and PostgreSQL takes more live units than there are", s_lossesNotNoticed,
            stage => ExecuteAsync(stage, "alter table sale_items drop constraint sale_items_no_oversell")),
    ];

    private static async Task ExecuteAsync(Stage stage, string sql)
    {
        await using var connection = await stage.Direct.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }
}
