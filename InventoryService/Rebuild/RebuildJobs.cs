using Seckill.InventoryService.Audit;

namespace Seckill.InventoryService.Rebuild;

/// <summary>An item that a process may rebuild now.</summary>
internal sealed record RebuildTask(long SaleId, long SkuId, DateTime StartedAt, int Failures)
{
    public ItemKey Item => new(SaleId, SkuId);

    /// <summary>The same for all items of a job that have failed as often.</summary>
    public string Attempt => $"{SaleId} {StartedAt:O} {Failures}";
}

/// <summary>
/// (12) The rebuilds in PostgreSQL, table <c>rebuilds</c>: a job outlives the call that started it and the process that works on it.
/// Throws <see cref="NpgsqlException"/> when PostgreSQL is down.
/// </summary>
internal sealed class RebuildJobs(NpgsqlDataSource database) : IDisposable
{
    private readonly SemaphoreSlim _started = new(0);

    /// <summary>Ends when a job was started in this process, or after <paramref name="timeout"/>.</summary>
    public Task WaitForStartAsync(TimeSpan timeout, CancellationToken cancellationToken) => _started.WaitAsync(timeout, cancellationToken);

    /// <summary>Starts a job for a sale. Items of a job that runs are left alone, and others join it.</summary>
    /// <param name="onlyLost">True for the items that wait for their rebuild, false for all.</param>
    public async Task StartAsync(long saleId, bool onlyLost, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync("select from sales where sale_id = @saleId for no key update", new { saleId });
        var started = await connection.ExecuteAsync(new CommandDefinition(
            """
            -- Materialized: a plan that reads it for each item again would give each a start of its own.
            with job as materialized (
              select coalesce(max(started_at) filter (where finished_at is null), clock_timestamp()) as started_at
              from rebuilds where sale_id = @saleId
            )
            insert into rebuilds as r (sale_id, sku_id, started_at)
            select i.sale_id, i.sku_id, job.started_at
            from sale_items i, job
            where i.sale_id = @saleId and warmed_at is not null and (lost_at is not null or not @onlyLost)
            on conflict (sale_id, sku_id) do update
            set started_at = excluded.started_at, due_at = excluded.due_at, failures = 0, step = null, live_units = 0, restored_units = 0,
              error = null, epoch = null, available = null, held = null, finished_at = null
            where r.started_at < excluded.started_at
            """,
            new { saleId, onlyLost },
            cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        if (started > 0)
        {
            _started.Release();
        }
    }

    /// <summary>The last job of a sale, or null.</summary>
    public async Task<SaleRebuild?> FindAsync(long saleId, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<RebuildRow>(
            """
            select sku_id, started_at, failures, step, live_units, restored_units, error, r.epoch, available, held, finished_at
            from rebuilds r
            join sale_items using (sale_id, sku_id)
            where sale_id = @saleId and started_at = (select max(started_at) from rebuilds where sale_id = @saleId)
            order by position
            """,
            new { saleId },
            cancellationToken);
        return rows.Count == 0 ? null : SaleRebuild.Of(saleId, rows);
    }

    /// <summary>The item that is due first, or null. Another process may work on it: only the lock of the item decides.</summary>
    public async Task<RebuildTask?> FindDueAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<RebuildTask>(
            """
            update rebuilds set due_at = clock_timestamp() + interval '1 second'
            where (sale_id, sku_id) = (
              select sale_id, sku_id from rebuilds where finished_at is null and due_at <= clock_timestamp()
              order by due_at limit 1 for update skip locked)
            returning sale_id, sku_id, started_at, failures
            """,
            null,
            cancellationToken)).SingleOrDefault();

    /// <summary>Begins an attempt; the caller has the lock of the item.</summary>
    /// <returns>False when another process has ended this rebuild meanwhile.</returns>
    public Task<bool> BeginAsync(RebuildTask task, CancellationToken cancellationToken) =>
        UpdateAsync(task, "step = 'drain', live_units = 0, restored_units = 0", null, cancellationToken);

    /// <summary>The holds and keys of the orders come next.</summary>
    public Task BeginRestoreAsync(RebuildTask task, CancellationToken cancellationToken) => UpdateAsync(
        task,
        "step = 'restore', live_units = (select live from sale_items i where (i.sale_id, i.sku_id) = (@SaleId, @SkuId))",
        null,
        cancellationToken);

    /// <summary>Progress of the restore.</summary>
    public Task ReportAsync(RebuildTask task, int restoredUnits, CancellationToken cancellationToken) =>
        UpdateAsync(task, "restored_units = @restoredUnits", new { restoredUnits }, cancellationToken);

    /// <summary>The item is rebuilt.</summary>
    public Task FinishAsync(RebuildTask task, ItemSnapshot item, CancellationToken cancellationToken) => UpdateAsync(
        task,
        """
        step = null, error = null, restored_units = @Held, epoch = @Epoch, available = @Available, held = @Held,
        finished_at = clock_timestamp()
        """,
        new { item.Epoch, item.Available, item.Held },
        cancellationToken);

    /// <summary>The attempt failed.</summary>
    /// <param name="error">Why, for people.</param>
    /// <param name="isLast">True when there is no other attempt.</param>
    public Task FailAsync(RebuildTask task, string error, bool isLast, CancellationToken cancellationToken) => UpdateAsync(
        task,
        """
        step = null, error = @error, failures = failures + 1, finished_at = case when @isLast then clock_timestamp() end,
        due_at = clock_timestamp() + least(60, power(2, failures)) * interval '1 second'
        """,
        new { error, isLast },
        cancellationToken);

    public void Dispose() => _started.Dispose();

    private async Task<bool> UpdateAsync(RebuildTask task, string set, object? values, CancellationToken cancellationToken)
    {
        var parameters = new DynamicParameters(values);
        parameters.AddDynamicParams(task);
        return await database.ExecuteAsync(
            $"""
            update rebuilds set {set}
            where (sale_id, sku_id, started_at) = (@SaleId, @SkuId, @StartedAt) and finished_at is null
            """,
            parameters,
            cancellationToken) == 1;
    }
}
