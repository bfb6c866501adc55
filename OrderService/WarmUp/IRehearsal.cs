namespace Seckill.OrderService.WarmUp;

/// <summary>What a process does in a sale, done for no sale: it leaves nothing behind.</summary>
internal interface IRehearsal
{
    /// <summary>Runs the hot path until it is warm.</summary>
    /// <param name="cancellationToken">The time is over. The caller does not wait for the end then.</param>
    Task RunAsync(CancellationToken cancellationToken);
}
