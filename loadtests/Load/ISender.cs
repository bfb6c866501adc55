namespace Seckill.LoadTests.Load;

/// <summary>
/// Sends the visitors of a load run. Everything else of the run is the same for all senders: warm-up, sale, restock, audit, pass marks,
/// report and closing.
/// </summary>
public interface ISender
{
    /// <summary>What the report says about it; null for nothing.</summary>
    string? Remark { get; }

    /// <summary>True when it shows the run on the terminal itself.</summary>
    bool ShowsProgress { get; }

    /// <summary>Sends them. Ends when all have left.</summary>
    /// <param name="visitors">Who comes, and when.</param>
    /// <param name="stop">From then on no visit begins; not an exception.</param>
    Task SendAsync(Visitors visitors, CancellationToken stop);
}
