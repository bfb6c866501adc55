using System.Globalization;
using System.Net.Http.Headers;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Alerts;

/// <summary>The tests that look at one small sale.</summary>
[CollectionDefinition(Name)]
public sealed class AfterASmallSale : ICollectionFixture<SmallSale>
{
    /// <summary>Of the collection.</summary>
    public const string Name = "After a small sale";
}

/// <summary>
/// Real processes with every request traced, and a sale of a thousand orders that is over when the tests begin: accepted, refused,
/// sold out, cancelled, written to the legacy database. Each test looks at what it left behind.
/// </summary>
public sealed class SmallSale(StoreConnections servers) : IAsyncLifetime
{
    /// <summary>Orders that are placed while the log is counted.</summary>
    public const int Orders = 1_000;

    // Nothing may be added to it.
    private static readonly DateTimeOffset s_endOfTime = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly Installation _installation = new();
    private Buyers _buyers = null!;

    internal OtlpReceiver Receiver { get; private set; } = null!;

    internal ServiceProcess Api { get; private set; } = null!;

    internal ServiceProcess Worker { get; private set; } = null!;

    internal ServiceProcess Inventory { get; private set; } = null!;

    /// <summary>An order of nobody but itself: alone in each of its batches.</summary>
    internal Attempt LoneOrder { get; private set; } = null!;

    /// <summary>Lines that the three processes wrote while a thousand orders were placed.</summary>
    internal IReadOnlyList<string> LinesOfTheRush { get; private set; } = [];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        // What others left there is about sales that this database does not have.
        await Queues.EmptyAsync();
        Receiver = await OtlpReceiver.StartAsync();
        var databases = await _installation.CreateDatabasesAsync(servers);
        (string, string?)[] settings = [.. databases.Settings, .. Receiver.Settings, ("Telemetry__TraceRatio", "1")];
        (Api, Worker, Inventory) =
            (_installation.StartApi(settings), _installation.StartWorker(settings),
                // No order is late here, however slow the machine is, so the sweeper has nothing to say.
                _installation.StartInventory([.. settings, ("Sweeper__MinimumAgeMilliseconds", "600000")]));
        await Installation.ReadyAsync(Api, Worker, Inventory);
        await databases.NumberItemsApartAsync();
        await DualDatabases.AskAsync(Api, change: new { mode = "shadow" });
        await Eventually.IsTrueAsync("the worker knows of the dual write", async () =>
            (await DualDatabases.AskAsync(Worker)).GetProperty("mode").GetString() == "shadow");
        _buyers = new Buyers(await Sale.OpenAsync(Inventory, units: 100_000, fitsLegacy: true));
        using var sellOut = new Buyers(await Sale.OpenAsync(Inventory, units: 1, fitsLegacy: true, closesAt: s_endOfTime));

        LoneOrder = await _buyers.ClickAsync(Api, _buyers.NewUser());
        await PlacedAsync(LoneOrder);
        await _buyers.ClickAsync(Api, LoneOrder.UserId);
        await RefuseStrangerAsync();
        await sellOut.ClickAsync(Api, sellOut.NewUser());
        await Eventually.IsTrueAsync("the gate refuses", async () =>
        {
            await sellOut.ClickAsync(Api, sellOut.NewUser());
            return (await ScrapeAsync(Api)).Contains("seckill_gate_refusals_total", StringComparison.Ordinal);
        });

        var before = await LinesAsync();
        await Crowd.AllAsync(Enumerable.Range(0, Orders), _ => _buyers.ClickAsync(Api, _buyers.NewUser()));
        await PlacedAsync(_buyers.Accepted.Last());
        await Eventually.IsTrueAsync("all is written to the legacy database", async () =>
            (await DualDatabases.AskAsync(Api)).GetProperty("verified").GetInt64() >= Orders);
        LinesOfTheRush = [.. (await LinesAsync()).Except(before)];
        Assert.Equal(Orders + 1, _buyers.Accepted.Count());
    }

    /// <summary>The page of metrics of a service.</summary>
    internal static Task<string> ScrapeAsync(ServiceProcess service) => s_http.GetStringAsync(new Uri(service.Url, "/metrics"));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _buyers?.Dispose();
        await _installation.DisposeAsync();
        await Receiver.DisposeAsync();
    }

    private Task<TimeSpan> PlacedAsync(Attempt order) => Eventually.IsTrueAsync(
        $"{order} has its row", async () => (await _buyers.LookAsync(Api, order)).OrderStatus == "placed");

    private async Task RefuseStrangerAsync()
    {
        using var content = new StringContent("{}", new MediaTypeHeaderValue("application/json"));
        using var response = await s_http.PostAsync(new Uri(Api.Url, "/orders"), content);
        Assert.Equal(401, (int)response.StatusCode);
    }

    private async Task<List<string>> LinesAsync()
    {
        var lines = new List<string>();
        foreach (var service in new[] { Api, Worker, Inventory })
        {
            var output = await service.OutputAsync();
            lines.AddRange(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select((line, i) => string.Create(CultureInfo.InvariantCulture, $"{service.Name} {i}: {line}")));
        }

        return lines;
    }
}
