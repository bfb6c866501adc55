
using Seckill.Tests.Harness.Checks;

namespace Seckill.Chaos;

/// <summary>
/// All that a run left behind: what the clients were told, what was seen meanwhile, and what the stores have in the end. The
/// invariants are computed from it, and from nothing else.
/// </summary>
internal sealed record Evidence
{
    public required IReadOnlyCollection<Operation> Operations { get; init; }

    public IReadOnlyCollection<OperatorCall> Calls { get; init; } = [];

    /// <summary>At the waiting room; none when the sale has none.</summary>
    public IReadOnlyCollection<QueueLook> Looks { get; init; } = [];

    public required int LimitPerUser { get; init; }

    /// <summary>Units of each item before its stock was changed.</summary>
    public required int Units { get; init; }

    /// <summary>When Redis lost data, and when it answered again: until then an instance may say what it read before.</summary>
    public IReadOnlyCollection<double> Losses { get; init; } = [];

    /// <summary>When it did so for the last time; -1 when it did not.</summary>
    public double LastLoss => Losses.DefaultIfEmpty(-1).Max();

    /// <summary>The sale in PostgreSQL.</summary>
    public ItemState? SaleState { get; init; }

    /// <summary>By SKU: the item in Redis.</summary>
    public IReadOnlyDictionary<long, ItemState> ItemStates { get; init; } = new Dictionary<long, ItemState>();

    /// <summary>By SKU: how often Redis was rebuilt, and one.</summary>
    public IReadOnlyDictionary<long, int> Epochs { get; init; } = new Dictionary<long, int>();

    /// <summary>Changes of stock as PostgreSQL has them.</summary>
    public IReadOnlyCollection<StockChangeRow> StockChanges { get; init; } = [];

    public IReadOnlyCollection<StockSample> Stock { get; init; } = [];

    public IReadOnlyCollection<LiveSample> Live { get; init; } = [];

    public IReadOnlyCollection<HomelessSample> Homeless { get; init; } = [];

    /// <summary>By SKU.</summary>
    public required IReadOnlyDictionary<long, Books> Books { get; init; }

    /// <summary>By SKU: units that Redis counts as come back.</summary>
    public IReadOnlyDictionary<long, long> Released { get; init; } = new Dictionary<long, long>();

    /// <summary>Orders whose stock is still on its way back.</summary>
    public IReadOnlyCollection<string> ReturnsUnderWay { get; init; } = [];

    public IReadOnlyCollection<string> Quarantined { get; init; } = [];

    public IReadOnlyCollection<PaymentRow> Payments { get; init; } = [];

    public IReadOnlyCollection<RefundRow> Refunds { get; init; } = [];

    /// <summary>What PostgreSQL says happened to orders.</summary>
    public IReadOnlyCollection<OrderEventRow> Events { get; init; } = [];

    /// <summary>What another service was told, in that order.</summary>
    public IReadOnlyCollection<DeliveredEvent> Delivered { get; init; } = [];

    /// <summary>Messages that wait, by queue.</summary>
    public IReadOnlyDictionary<string, long> Queues { get; init; } = new Dictionary<string, long>();

    /// <summary>What each order should be in the legacy schema, and what it is.</summary>
    public IReadOnlyDictionary<string, string> LegacyShould { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc cref="LegacyShould"/>
    public IReadOnlyDictionary<string, string> LegacyIs { get; init; } = new Dictionary<string, string>();

    /// <summary>Orders with an open discrepancy.</summary>
    public IReadOnlySet<string> LegacyFound { get; init; } = new HashSet<string>();

    /// <summary>Orders that wait to be written to the legacy schema.</summary>
    public IReadOnlyCollection<string> LegacyWaiting { get; init; } = [];

    public IEnumerable<Operation> Accepted => Operations.Where(operation => operation.IsAccepted);

    public IEnumerable<Books.Row> Rows => Books.Values.SelectMany(books => books.Rows);

    /// <summary>Units of an item in the end.</summary>
    public int UnitsOf(long sku) => Units + StockChanges.Where(change => change.SkuId == sku && change.IsDone).Sum(change => change.Delta);

    /// <summary>What began before Redis lost data was perhaps in Redis alone, or is known to nobody in it any more.</summary>
    public bool MayBeForgotten(Operation operation) => operation.Begun < LastLoss;
}

/// <summary>Open or closed, and the version of that.</summary>
internal sealed record ItemState(string State, long Version)
{
    public override string ToString() => $"{State} ({Version})";
}

/// <summary>A change of stock as PostgreSQL has it.</summary>
internal sealed record StockChangeRow(long SkuId, string Key, int Delta, bool IsDone);

/// <summary>A payment as PostgreSQL has it.</summary>
internal sealed record PaymentRow(string PaymentId, string OrderId, string Outcome, long Amount = 0);

/// <summary>A refund as PostgreSQL has it.</summary>
internal sealed record RefundRow(string PaymentId, string OrderId, string Reason, long Amount = 0);

/// <summary>An event of an order as PostgreSQL has it.</summary>
/// <param name="OrderId">Which order.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Number">Of the events of the installation.</param>
internal sealed record OrderEventRow(string OrderId, string Kind, long Number);
