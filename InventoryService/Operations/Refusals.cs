namespace Seckill.InventoryService.Operations;

/// <summary>
/// The refusals of the ops interface that carry a code of their own: status, stable code, title. Requests that are malformed get those of
/// <see cref="Problem"/>.
/// </summary>
internal static class Refusals
{
    public static readonly Problem UnknownSale = new(404, "unknown-sale", "No such sale exists.");
    public static readonly Problem UnknownItem = new(404, "unknown-item", "This sale has no such item.");
    public static readonly Problem NoWaitingRoom = new(404, "no-waiting-room", "This sale has no waiting room, or does not exist.");
    public static readonly Problem NotQuarantined = new(404, "not-quarantined", "This order is not in quarantine.");
    public static readonly Problem UnknownRefund = new(404, "unknown-refund", "No such refund exists.");
    public static readonly Problem UnknownOrder = new(404, "unknown-order", "No such order has a row.");
    public static readonly Problem NotPaid = new(409, "order-not-paid", "Only a paid order can be refunded.");
    public static readonly Problem RefundTooLarge = new(
        409, "refund-too-large", "The refunds of an order are at most what was paid for it, and its units. Nothing was changed.");

    public static readonly Problem NotRevoked = new(404, "not-revoked", "This token is not revoked.");
    public static readonly Problem NotDenied = new(404, "not-denied", "This user is not denied.");
    public static readonly Problem UnknownWebhook = new(404, "unknown-webhook", "No such endpoint exists.");
    public static readonly Problem EventsExpired = new(
        410, "events-expired",
        "Events behind this one were deleted, or PostgreSQL was restored to before it. Read from 0, and compare with exports.");

    public static readonly Problem SaleExists = new(409, "sale-exists", "This sale id is taken.");
    public static readonly Problem NeverOpened = new(
        409, "sale-never-opened", "This sale was never opened, so Redis has no stock of it. Open it first.");

    public static readonly Problem StockInUse = new(409, "stock-in-use", "Fewer units are available than the request withdraws.");
    public static readonly Problem StockLost = new(
        409, "stock-lost", "Redis has lost the stock of this sale. Opening it from the plan would sell units twice; rebuild it.");

    public static readonly Problem StockDiffers = new(
        409, "stock-differs",
        "Redis has stock of an earlier sale with this id and other terms. Nothing was changed. Delete its keys or choose another id.");

    public static readonly Problem StateChanged = new(
        409, "state-changed", "A later request changed the state of this sale. The sale has the state of that request.");

    public static readonly Problem SaleArchived = new(409, "sale-archived", "This sale is archived. It cannot be changed any more.");
    public static readonly Problem NotArchivable = NotArchivableBecause(["The sale is open."]);
    public static readonly Problem HasOrders = new(
        409, "sale-has-orders", "Orders rely on what should change. Nothing was changed. Close the sale, or create another one.");

    public static readonly Problem NeverRebuilt = new(404, "never-rebuilt", "This sale was never rebuilt.");
    public static readonly Problem RebuildFailed = new(
        409, "rebuild-failed",
        "An item of this sale could not be rebuilt and stays stopped. GET the same path for the reason of each item.");

    public static readonly Problem RepairRunning = new(
        409, "repair-running", "Another repair or rebuild of an item of this sale is running.", retryAfterSeconds: 1);

    public static readonly Problem KeyReused = new(
        422, "idempotency-key-reused", "This Idempotency-Key was used before with another body.");

    public static readonly Problem WaitsForRebuild = new(
        503, "unavailable",
        "This item waits for its rebuild. Retry with the same Idempotency-Key; a change that was started is finished afterwards.",
        retryAfterSeconds: 5);

    public static readonly Problem TooManyDashboards = new(
        503, "unavailable", "Too many dashboards are open, or this process is stopping.", retryAfterSeconds: 5);

    /// <summary>A sale of which something is not over.</summary>
    public static Problem NotArchivableBecause(IReadOnlyList<string> reasons) =>
        new(409, "not-archivable", "This sale cannot be archived yet. Nothing was changed.", writeDetails: json =>
        {
            json.WriteStartArray("reasons");
            foreach (var reason in reasons)
            {
                json.WriteStringValue(reason);
            }

            json.WriteEndArray();
        });
}
