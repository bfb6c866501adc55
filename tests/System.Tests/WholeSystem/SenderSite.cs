using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>One system for all tests of the senders, with a second API that may die.</summary>
public sealed class SenderSite : IAsyncLifetime
{
    // On a machine under load its own limit would turn a slow answer into a 503.
    private static readonly (string, string?) s_unhurried = ("Reservations__TimeoutMilliseconds", "30000");
    private readonly Installation _installation = new();

    internal ServiceProcess Api { get; private set; } = null!;

    internal ServiceProcess Victim { get; private set; } = null!;

    internal ServiceProcess Inventory { get; private set; } = null!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        (Api, Victim) = (_installation.StartApi(s_unhurried), _installation.StartApi(s_unhurried));
        var worker = _installation.StartWorker();
        Inventory = _installation.StartInventory();
        await Installation.ReadyAsync(Api, Victim, worker, Inventory);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _installation.DisposeAsync();
}
