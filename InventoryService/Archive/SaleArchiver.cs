using System.Data;
using System.Security.Cryptography;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Sales;
using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.Archive;

/// <summary>
/// Archives sales that are over. One transaction of PostgreSQL locks the sale and its items, checks that nothing of it can change,
/// writes the export, reads it back and compares it, and marks the sale. From its commit no loop and no request knows the items any more,
/// and <see cref="RemoveAsync"/> deletes their keys in Redis: first the catalog, so that storefronts answer that there is no such item
/// instead of that it is lost. A kill before the commit leaves nothing; after it, any process finishes.
/// </summary>
internal sealed class SaleArchiver(
    NpgsqlDataSource database, AuditRows rows, ItemAuditor auditor, ItemRest rest, StockLedger stock, SaleCatalog catalog,
    RoomLedger rooms)
{
    private const string Columns =
        "sale_id, archived_at, archived_by, orders, lines, bytes, sha256, removed_at";

    private const int LongTimeoutSeconds = 600;

    /// <summary>Archives a sale, or finishes what is under way. Repeatable.</summary>
    /// <param name="by">Who asked for it.</param>
    /// <returns>The archive, or the reasons why it cannot be; neither when there is no such sale.</returns>
    public async Task<(SaleArchive? Archive, IReadOnlyList<string> Reasons)> ArchiveAsync(
        long saleId, string by, CancellationToken cancellationToken)
    {
        if (await FindAsync(saleId, cancellationToken) is null)
        {
            await SettleItemsAsync(saleId, cancellationToken);
            if (await WriteAsync(saleId, by, cancellationToken) is not { } reasons)
            {
                return (null, []);
            }

            if (reasons.Count > 0)
            {
                return (null, reasons);
            }

            FailPoint.Reach("archive-committed");
        }

        await RemoveAsync(saleId, cancellationToken);
        return (await FindAsync(saleId, cancellationToken), []);
    }

    /// <summary>The archive of a sale, or null.</summary>
    public async Task<SaleArchive?> FindAsync(long saleId, CancellationToken cancellationToken) =>
        (await database.QueryAsync<SaleArchive>(
            $"select {Columns} from sale_archives where sale_id = @saleId", new { saleId }, cancellationToken)).SingleOrDefault();

    /// <summary>Archives whose keys may still be in Redis.</summary>
    public Task<List<long>> UnfinishedAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<long>("select sale_id from sale_archives where removed_at is null order by sale_id", null, cancellationToken);

    /// <summary>Sales that ended this many days ago and can be archived.</summary>
    public Task<List<long>> DueAsync(int days, CancellationToken cancellationToken) =>
        database.QueryAsync<long>(
            """
            select sale_id from sales s
            where state = 'closed' and archived_at is null and closes_at < now() - make_interval(days => @days)
              and not exists (select from sale_items i where i.sale_id = s.sale_id and rested_at is null)
            order by closes_at
            limit 10
            """,
            new { days }, cancellationToken);

    /// <summary>Deletes everything of an archived sale in Redis. Repeatable.</summary>
    public async Task RemoveAsync(long saleId, CancellationToken cancellationToken)
    {
        var items = await database.QueryAsync<(long SkuId, int Number)>(
            """
            select sku_id, item_number from sale_items
            where sale_id = @saleId and sale_id in (select sale_id from sale_archives where removed_at is null)
            """,
            new { saleId }, cancellationToken);
        if (items.Count == 0)
        {
            return;
        }

        await catalog.RemoveAsync(saleId, items.Select(item => OrderId.Number(item.Number)));
        FailPoint.Reach("archive-catalog-removed");
        await rooms.RemoveAsync(saleId);
        foreach (var (skuId, _) in items)
        {
            await stock.RemoveAsync(new ItemKeys(new ItemKey(saleId, skuId)));
            FailPoint.Reach("archive-item-removed");
        }

        await database.ExecuteAsync(
            "update sale_archives set removed_at = now() where sale_id = @saleId and removed_at is null",
            new { saleId }, cancellationToken);
    }

    // Items come to rest by themselves within some audits; an operator who asks should not have to wait for that.
    private async Task SettleItemsAsync(long saleId, CancellationToken cancellationToken)
    {
        foreach (var item in await rows.ItemsAsync(saleId, cancellationToken))
        {
            if (await rest.FindStillAsync(item) is { } still
                && await auditor.AuditAsync(item, cancellationToken) is { IsConclusive: true, Findings.Count: 0 })
            {
                await rest.TryRestAsync(item, still, cancellationToken);
            }
        }
    }

    // Null when there is no such sale; the reasons, and nothing has changed; or an empty list when it is archived.
    private async Task<IReadOnlyList<string>?> WriteAsync(long saleId, string by, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.QueryAsync<(string State, bool IsArchived)>(
            "select state, archived_at is not null from sales where sale_id = @saleId for update", new { saleId }, cancellationToken)
            is not [var sale])
        {
            return null;
        }

        if (sale.IsArchived)
        {
            return [];
        }

        var reasons = await ReasonsAsync(connection, saleId, sale.State, cancellationToken);
        if (reasons.Count > 0)
        {
            return reasons;
        }

        // Another connection for one snapshot of all tables, taken while the locks are held.
        await using var reader = await database.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await reader.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var (digest, lines, bytes) = await StoreAsync(connection, SaleExport.ReadAsync(reader, saleId, cancellationToken), saleId, by);
        FailPoint.Reach("archive-written");
        if (await ReadBackAsync(connection, saleId, cancellationToken) != (digest, lines, bytes))
        {
            return ["The export is not what was written."];
        }

        // Without warmed_at no loop and no request takes the items for opened ones.
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update sale_archives
            set sha256 = @digest, lines = @lines, bytes = @bytes,
              orders = (select count(*) from sale_items i, orders_of(i) where i.sale_id = @saleId)
            where sale_id = @saleId;
            update sales set archived_at = now(), state_version = state_version + 1 where sale_id = @saleId;
            update sale_items set warmed_at = null, rested_at = null where sale_id = @saleId
            """,
            new { saleId, digest, lines, bytes }, commandTimeout: LongTimeoutSeconds, cancellationToken: cancellationToken));
        FailPoint.Reach("archive-not-committed");
        await transaction.CommitAsync(cancellationToken);
        return [];
    }

    private static async Task<List<string>> ReasonsAsync(
        NpgsqlConnection connection, long saleId, string state, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        if (state != "closed")
        {
            reasons.Add($"The sale is {state}: close it first.");
        }

        var items = await connection.QueryAsync<ItemRow>(
            """
            select i.sku_id, i.warmed_at is not null as was_warm, i.rested_at is not null as is_resting,
              i.live - coalesce((
                select sum(units)::bigint from order_totals t
                where (t.sale_id, t.sku_id, t.status) = (i.sale_id, i.sku_id, 'paid')), 0) as unpaid,
              (select count(*) from stock_returns r
               where (r.sale_id, r.sku_id) = (i.sale_id, i.sku_id) and returned_at is null) as returning,
              (select count(*) from quarantined_orders q
               where (q.sale_id, q.sku_id) = (i.sale_id, i.sku_id)
                 and not exists (select from orders o where o.order_id = q.order_id)) as quarantined,
              exists (select from rebuilds r where (r.sale_id, r.sku_id) = (i.sale_id, i.sku_id) and finished_at is null)
                or exists (
                  select from stock_changes c where (c.sale_id, c.sku_id) = (i.sale_id, i.sku_id) and done_at is null) as is_changing
            from (select * from sale_items where sale_id = @saleId order by sku_id for update) i
            order by i.sku_id
            """,
            new { saleId }, cancellationToken);
        foreach (var item in items.Where(item => !item.IsResting || item.IsChanging))
        {
            var because = !item.WasWarm ? "was never opened" : item.Unpaid > 0 ? $"has {item.Unpaid} units in orders that are not paid"
                : item.Returning > 0 ? $"has {item.Returning} orders whose stock is coming back"
                : item.IsChanging ? "has a rebuild or a change of stock under way"
                : item.Quarantined > 0 ? $"has {item.Quarantined} orders in quarantine"
                : "has orders in its outbox, or an audit of it is not clean; see its ledger and its audit";
            reasons.Add($"SKU {item.SkuId} {because}.");
        }

        if (reasons.Count > 0)
        {
            return reasons;
        }

        foreach (var item in items)
        {
            // The kept sums, which the export relies on, order by order.
            var differs = await connection.QueryAsync<bool>(new CommandDefinition(
                "select exists (select from recount_orders(@saleId, @SkuId) where kept <> counted)", new { saleId, item.SkuId },
                commandTimeout: LongTimeoutSeconds, cancellationToken: cancellationToken));
            if (differs.Single())
            {
                reasons.Add($"The kept sums of SKU {item.SkuId} are not those of its orders: audit it.");
            }
        }

        return reasons;
    }

    private static async Task<(string Digest, long Lines, long Bytes)> StoreAsync(
        NpgsqlConnection connection, IAsyncEnumerable<(byte[] Content, int Lines)> pieces, long saleId, string by)
    {
        await connection.ExecuteAsync(
            """
            insert into sale_archives (sale_id, archived_by, orders, lines, bytes, sha256) values (@saleId, @by, 0, 0, 0, '')
            """,
            new { saleId, by });
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (number, lines, bytes) = (0, 0L, 0L);
        await foreach (var piece in pieces)
        {
            hash.AppendData(piece.Content);
            (lines, bytes) = (lines + piece.Lines, bytes + piece.Content.Length);
            await connection.ExecuteAsync(
                "insert into sale_archive_pieces (sale_id, number, content) values (@saleId, @number, @Content)",
                new { saleId, number = number++, piece.Content });
        }

        return (Convert.ToHexStringLower(hash.GetHashAndReset()), lines, bytes);
    }

    private static async Task<(string Digest, long Lines, long Bytes)> ReadBackAsync(
        NpgsqlConnection connection, long saleId, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (lines, bytes) = (0L, 0L);
        await foreach (var content in PiecesAsync(connection, saleId, cancellationToken))
        {
            hash.AppendData(content);
            (lines, bytes) = (lines + content.AsSpan().Count((byte)'\n'), bytes + content.Length);
        }

        return (Convert.ToHexStringLower(hash.GetHashAndReset()), lines, bytes);
    }

    /// <summary>The stored export, piece by piece.</summary>
    internal static async IAsyncEnumerable<byte[]> PiecesAsync(
        NpgsqlConnection connection, long saleId,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var number = 0; ; number++)
        {
            if (await connection.QueryAsync<byte[]>(
                "select content from sale_archive_pieces where sale_id = @saleId and number = @number",
                new { saleId, number }, cancellationToken) is not [var content])
            {
                yield break;
            }

            yield return content;
        }
    }

    private sealed record ItemRow(long SkuId, bool WasWarm, bool IsResting, long Unpaid, long Returning, long Quarantined, bool IsChanging);
}
