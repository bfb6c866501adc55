using System.Diagnostics;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;
using Spectre.Console;
using Recorder = Seckill.LoadTests.Engine.Recorder;

namespace Seckill.LoadTests.Load;

/// <summary>One crowd in one sale: created, opened, warmed up, sold, drained, closed. Each part of the demo is such a run.</summary>
public sealed class SaleRun : IDisposable
{
    // Orders that expire during the audit cannot be read from two stores at one moment, so the run waits until none is left.
    private const int LongestWaitForPayment = 120;
    private static readonly TimeSpan s_drainTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private readonly LoadTarget _target;
    private readonly Scenario _scenario;
    private readonly LoadSettings _settings;
    private readonly IAnsiConsole _console;
    private readonly ClientPool _pool;
    private readonly Arrivals _arrivals;
    private readonly ISender _sender;
    private Buyer[] _buyers = [];
    private bool _isOpen;

    /// <param name="target">The system.</param>
    /// <param name="scenario">What visitors do.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="console">Shows progress.</param>
    /// <param name="sender">Sends the visitors; Seckill's own engine when not given.</param>
    public SaleRun(LoadTarget target, Scenario scenario, LoadSettings settings, IAnsiConsole console, ISender? sender = null)
    {
        (_target, _scenario, _settings, _console, _arrivals) = (target, scenario, settings, console, scenario.Arrivals(settings));
        _sender = sender ?? new EngineSender();
        Sale = new LoadSale(scenario, settings, VisitorCount);
        Ops = new OpsClient(target.Inventory, target.OpsKey);
        _pool = new ClientPool(
            target.Apis, settings.Users > 0 ? settings.Users : settings.Connections, TimeSpan.FromSeconds(settings.TimeoutSeconds),
            CancellationToken.None);
        Shop = new Shop(_pool, Recorder, scenario.LogsRefusals);
        Watch = new LoadWatch(Recorder, Ops, Sale.Sale.SaleId);
    }

    /// <summary>The sale.</summary>
    public LoadSale Sale { get; }

    /// <summary>The ops endpoints.</summary>
    public OpsClient Ops { get; }

    /// <summary>The answers, and the clients' log.</summary>
    public Shop Shop { get; }

    /// <summary>Counts and latencies.</summary>
    public Recorder Recorder { get; } = new();

    /// <summary>Second by second.</summary>
    public LoadWatch Watch { get; }

    /// <summary>From the first visitor to the last answer.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>The buyers by user id.</summary>
    public IReadOnlyDictionary<long, Buyer> Buyers => _buyers.ToDictionary(buyer => buyer.UserId);

    private long VisitorCount =>
        _settings.Users == 0 ? _arrivals.Count : _settings.Visits > 0 ? _settings.Visits : LoadSettings.MaximumBuyers;

    /// <summary>Creates and opens the sale, and sends the visitors.</summary>
    /// <param name="cancellationToken">Ends the load early, without an exception once visitors arrive.</param>
    public async Task SellAsync(CancellationToken cancellationToken)
    {
        var count = _settings.BuyersOf(VisitorCount);
        _console.WriteLine($"signing the tokens of {Amount.Text(count)} buyers");
        _buyers = _target.SignBuyers(count);
        if (Sale.Queue is not null)
        {
            Sale.OpenIn(TimeSpan.FromSeconds(_settings.WarmUpSeconds + (_scenario.OpensAfter * _settings.Seconds)));
        }

        await Ops.CreateAsync(Sale.Sale, cancellationToken);
        // From here on, whatever becomes of the answer.
        _isOpen = true;
        await Ops.OpenAsync(Sale.Sale.SaleId, cancellationToken);
        if (_settings.WarmUpSeconds > 0)
        {
            _console.WriteLine($"warming up for {_settings.WarmUpSeconds} s");
            await new WarmUp(_target, _settings, Sale, _buyers).RunAsync(cancellationToken);
        }

        var visitors = new Visitors(_scenario, _settings, Recorder, (number, due) =>
            new Visit(Shop, Sale, _buyers[number % _buyers.Length], number, due, _target.PaymentKey));
        // Garbage of the start is collected now, not in the first second.
        GC.Collect();
        var sending = _sender.SendAsync(visitors, cancellationToken);
        var work = Task.WhenAll(sending, RestockAsync(sending, cancellationToken));
        await (_sender.ShowsProgress
            ? Watch.RunAsync(work, _ => { }) : new LiveTable(_console, _scenario.Name, Recorder).ShowAsync(Watch, work));
        await work;
        visitors.Engine.ThrowIfBroken();
        Elapsed = visitors.Engine.Elapsed;
    }

    /// <summary>Waits until no order is under way.</summary>
    /// <returns>Null once drained, or what is left.</returns>
    public async Task<string?> DrainAsync(CancellationToken cancellationToken)
    {
        var mayExpire = _settings.PaymentTimeoutSeconds <= LongestWaitForPayment;
        var timeout = s_drainTimeout + TimeSpan.FromSeconds(mayExpire ? _settings.PaymentTimeoutSeconds : 0);
        var startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            var ledger = await Ops.LedgerAsync(Sale.Sale.SaleId, cancellationToken);
            var quarantined = await Ops.QuarantinedAsync(Sale.Sale.SaleId, cancellationToken);
            var waiting = ledger.Sum(item => item.Reserved + (mayExpire ? item.Placed : 0)) - quarantined;
            var backlog = await Ops.BacklogAsync(Sale.Sale.SaleId, cancellationToken);
            if (waiting <= 0 && backlog == 0)
            {
                return null;
            }

            if (Stopwatch.GetElapsedTime(startedAt) > timeout)
            {
                return $"Not drained after {timeout.TotalSeconds:0} s: {waiting} units and {backlog} orders in the outbox are left.";
            }

            await Task.Delay(s_pause, cancellationToken);
        }
    }

    /// <summary>Closes the sale, so that no buyer finds it by accident.</summary>
    public async Task CloseAsync()
    {
        await Ops.CloseAsync(Sale.Sale.SaleId, CancellationToken.None);
        _isOpen = false;
    }

    /// <summary>Closes the sale of a run that failed. Never throws, because the reason of the failure is what counts.</summary>
    public async Task AbandonAsync()
    {
        try
        {
            await (_isOpen ? CloseAsync() : Task.CompletedTask);
        }
        catch (HttpRequestException error)
        {
            _console.Profile.Out.Writer.WriteLine($"Sale {Sale.Sale.SaleId} is still open: {error.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pool.Dispose();
        Ops.Dispose();
    }

    private async Task RestockAsync(Task sending, CancellationToken cancellationToken)
    {
        if (_scenario.RestockAfter is not { } share)
        {
            return;
        }

        // A sender may need seconds before its first visitor comes.
        while (Recorder.Total.Arrivals == 0 && !sending.IsCompleted)
        {
            await Task.Delay(10, CancellationToken.None);
        }

        await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(_settings.Seconds * share), cancellationToken));
        if (sending.IsCompleted || cancellationToken.IsCancellationRequested)
        {
            return;
        }

        var units = (int)Sale.Sale.Items[0].Allocated;
        foreach (var item in Sale.Sale.Items)
        {
            await Ops.ChangeStockAsync(Sale.Sale.SaleId, item.SkuId, units, "restock", CancellationToken.None);
        }

        Sale.Added = units;
    }
}
