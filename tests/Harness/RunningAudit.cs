using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Hosting;

namespace Seckill.Tests.Harness;

/// <summary>(11) The continuous audit as the service runs it, with results of its own.</summary>
internal sealed class RunningAudit : IAsyncDisposable
{
    private readonly PeriodicService[] _services;

    private RunningAudit(StoreFixture stores, AuditorOptions options, Func<Task>? betweenTheStores)
    {
        var settings = Options.Create(options);
        Schedule = new AuditSchedule(settings, TimeProvider.System);
        var full = new ItemAuditor(stores.Rows, stores.Stock, stores.Pages, settings);
        _services =
        [
            new Auditor(
                stores.Rows, stores.TotalsAuditor(options, betweenTheStores), Results, Schedule, settings, TimeProvider.System,
                NullLogger<Auditor>.Instance),
            .. Enumerable.Range(0, FullAuditor.AtOnce).Select(_ => new FullAuditor(
                full, Schedule, Results, stores.Losses, stores.Rest, settings, TimeProvider.System, NullLogger<FullAuditor>.Instance)),
        ];
    }

    public AuditResults Results { get; } = new(TimeProvider.System, NullLogger<AuditResults>.Instance);

    public AuditSchedule Schedule { get; }

    public static async Task<RunningAudit> StartAsync(
        StoreFixture stores, AuditorOptions options, Func<Task>? betweenTheStores = null)
    {
        var audit = new RunningAudit(stores, options, betweenTheStores);
        foreach (var service in audit._services)
        {
            await service.StartAsync(CancellationToken.None);
        }

        return audit;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_services.Select(service => service.StopAsync(CancellationToken.None)));
        foreach (var service in _services)
        {
            service.Dispose();
        }

        Schedule.Dispose();
        Results.Dispose();
    }
}
