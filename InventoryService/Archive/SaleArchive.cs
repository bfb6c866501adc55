namespace Seckill.InventoryService.Archive;

/// <summary>The archive of a sale.</summary>
/// <param name="ArchivedAt">UTC.</param>
/// <param name="ArchivedBy">The name of the key; <c>schedule</c> when no operator asked.</param>
/// <param name="Orders">Orders in the export.</param>
/// <param name="Lines">Lines of the export.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Of the export, hex.</param>
/// <param name="RemovedAt">When Redis had nothing of the sale any more, UTC; null while that is under way.</param>
public sealed record SaleArchive(
    long SaleId, DateTimeOffset ArchivedAt, string ArchivedBy, long Orders, long Lines, long Bytes, string Sha256,
    DateTimeOffset? RemovedAt);
