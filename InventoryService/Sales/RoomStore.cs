namespace Seckill.InventoryService.Sales;

/// <summary>Waiting rooms in PostgreSQL.</summary>
internal sealed class RoomStore(NpgsqlDataSource database)
{
    private const string Columns =
        "w.sale_id, s.opens_at, s.closes_at, w.room_opens_at, w.admit_per_second, w.pass_seconds, w.fail_open, w.work_bits, w.group_limit, "
        + "w.beacon_name, w.beacon, w.mode, w.version, w.warmed_at is not null as was_warm, "
        + "coalesce(w.warmed_at < now() - interval '10 seconds', false) as is_old";

    /// <summary>Stores the room of a sale that is being created.</summary>
    public static Task AddAsync(NpgsqlConnection connection, long saleId, CreateWaitingRoom room) => connection.ExecuteAsync(
        """
        insert into waiting_rooms
          (sale_id, room_opens_at, admit_per_second, pass_seconds, fail_open, work_bits, group_limit, beacon_name)
        values (@saleId, @opensAt, @admitPerSecond, @passSeconds, @failOpen, @workBits, @groupLimit, @beaconName)
        """,
        new
        {
            saleId, opensAt = room.OpensAt?.UtcDateTime, admitPerSecond = room.AdmitPerSecond ?? CreateWaitingRoom.DefaultAdmitPerSecond,
            passSeconds = room.PassSeconds ?? CreateWaitingRoom.DefaultPassSeconds, failOpen = room.FailOpen ?? false,
            workBits = room.WorkBits ?? 0, groupLimit = room.GroupLimit ?? 0, beaconName = room.BeaconName?.Trim(),
        });

    /// <summary>The rooms of these sales.</summary>
    public async Task<IReadOnlyDictionary<long, StoredRoom>> FindAsync(long[] saleIds, CancellationToken cancellationToken) =>
        (await ReadAsync("where w.sale_id = any(@saleIds)", new { saleIds }, cancellationToken)).ToDictionary(room => room.SaleId);

    /// <summary>The rooms of sales that were opened, until a day after the end of the sale.</summary>
    public Task<IReadOnlyList<StoredRoom>> InUseAsync(CancellationToken cancellationToken) =>
        ReadAsync("where w.rested_at is null and w.warmed_at is not null and s.archived_at is null", new { }, cancellationToken);

    /// <summary>Remembers that Redis has the room.</summary>
    public Task MarkWarmAsync(long saleId, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update waiting_rooms set warmed_at = coalesce(warmed_at, now()), rested_at = null where sale_id = @saleId",
        new { saleId }, cancellationToken);

    /// <summary>Remembers that the room is not needed any more.</summary>
    public Task MarkRestedAsync(long saleId, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update waiting_rooms set rested_at = now() where sale_id = @saleId", new { saleId }, cancellationToken);

    /// <summary>Changes what is not null. A beacon is given once.</summary>
    public async Task<StoredRoom?> ChangeAsync(
        long saleId, string? mode, int? admitPerSecond, string? beacon, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            """
            update waiting_rooms
            set mode = coalesce(@mode, mode), admit_per_second = coalesce(@admitPerSecond, admit_per_second),
              beacon = coalesce(beacon, @beacon), version = version + 1
            where sale_id = @saleId
            """,
            new { saleId, mode, admitPerSecond, beacon }, cancellationToken);
        return (await FindAsync([saleId], cancellationToken)).GetValueOrDefault(saleId);
    }

    private async Task<IReadOnlyList<StoredRoom>> ReadAsync(string where, object parameters, CancellationToken cancellationToken) =>
    [
        .. (await database.QueryAsync<Row>(
            $"select {Columns} from waiting_rooms w join sales s on s.sale_id = w.sale_id {where}", parameters, cancellationToken))
            .Select(row => new StoredRoom(
                row.sale_id, Utc(row.opens_at), Utc(row.closes_at),
                new WaitingRoomDetails(
                    row.room_opens_at is { } opensAt ? Utc(opensAt) : null, row.admit_per_second, row.pass_seconds, row.fail_open,
                    row.work_bits, row.group_limit, row.beacon_name, row.beacon, row.mode)
                {
                    Version = row.version,
                },
                row.was_warm, row.is_old)),
    ];

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

#pragma warning disable IDE1006 // Named after the columns.
    private sealed record Row(
        long sale_id, DateTime opens_at, DateTime closes_at, DateTime? room_opens_at, int admit_per_second, int pass_seconds,
        bool fail_open, int work_bits, int group_limit, string? beacon_name, string? beacon, string mode, long version, bool was_warm,
        bool is_old);
#pragma warning restore IDE1006
}

/// <summary>A waiting room and what it must know of its sale.</summary>
/// <param name="SaleId">The sale.</param>
/// <param name="SaleOpensAt">The draw.</param>
/// <param name="SaleClosesAt">End of the window of the sale.</param>
/// <param name="Room">The room.</param>
/// <param name="WasWarm">The sale was opened.</param>
/// <param name="IsOld">So long ago that the call which opened it has ended: Redis had the room.</param>
internal sealed record StoredRoom(
    long SaleId, DateTimeOffset SaleOpensAt, DateTimeOffset SaleClosesAt, WaitingRoomDetails Room, bool WasWarm, bool IsOld);
