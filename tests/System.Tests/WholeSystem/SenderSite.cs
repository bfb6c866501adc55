using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>One system for all tests of the senders, with a second API that may die.</summary>
public sealed class SenderSite : IAsyncLifetime
{
    private readonly Installation _installation = new();

    internal ServiceProcess Api { get; private set; } = null!;

    internal ServiceProcess Victim { get; private set; } = null!;

    internal ServiceProcess Inventory { get; private set; } = null!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        (Api, Victim) = (_installation.StartApi(), _installation.StartApi());
        var worker = _installation.StartWorker();
        Inventory = _installation.StartInventory();
        await Installation.ReadyAsync(Api, Victim, worker, Inventory);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _installation.DisposeAsync();
}
