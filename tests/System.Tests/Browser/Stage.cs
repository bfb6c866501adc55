using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Browser;

/// <summary>The tests that look at the dashboard.</summary>
[CollectionDefinition(Name)]
public sealed class InTheBrowser : ICollectionFixture<Stage>
{
    /// <summary>Of the collection.</summary>
    public const string Name = "In the browser";
}

/// <summary>
/// A whole small system with databases of its own and a relay before each store, and a browser to look at it. One for all tests of
/// the dashboard, which run one after the other and leave it as it was.
/// </summary>
public sealed class Stage(StoreConnections servers) : IAsyncLifetime
{
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(40) };
    private readonly string _sharedRedis = Servers.RedisConnection;
    private readonly Installation _installation = new();
    private OwnStores? _own;
    private DualDatabases _databases = null!;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Debian's, or another that the environment names; Playwright must not download one.</summary>
    private static string? Chromium { get; } =
        new[] { Environment.GetEnvironmentVariable("CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }
            .FirstOrDefault(File.Exists);

    private static bool HasRedis { get; } =
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    internal Relay Redis { get; private set; } = null!;

    internal Relay RabbitMq { get; private set; } = null!;

    internal Relay Postgres { get; private set; } = null!;

    internal Relay Legacy => _databases.Relay;

    internal ServiceProcess Api { get; private set; } = null!;

    internal ServiceProcess Worker { get; private set; } = null!;

    internal ServiceProcess Inventory { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (Chromium is null || !HasRedis)
        {
            return;
        }

        // A Redis of its own: the sweeper here would publish what other tests left in theirs.
        _own = await OwnStores.StartAsync();
        Environment.SetEnvironmentVariable(Servers.RedisSetting, _own.Settings.First(one => one.Item1 == Servers.RedisSetting).Item2);
        _databases = await _installation.CreateDatabasesAsync(servers);
        Redis = _installation.RelayToRedis();
        RabbitMq = _installation.RelayToRabbitMq();
        Postgres = Relay.ToPostgres(Servers.OrdersSetting, _databases.Settings.First(one => one.Name == Servers.OrdersSetting).Value!);
        (Inventory, Api) = (_installation.StartInventory(Settings()), _installation.StartApi(Settings()));
        await Installation.ReadyAsync(Inventory, Api);
        await _databases.NumberItemsApartAsync();
        Worker = await StartWorkerAsync();
        await DualDatabases.AskAsync(Worker, change: new { mode = "shadow" });
        await TakeOverTheQueueAsync();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_own is not null)
        {
            await Postgres.DisposeAsync();
            await _installation.DisposeAsync();
            await _own.DisposeAsync();
            Environment.SetEnvironmentVariable(Servers.RedisSetting, _sharedRedis);
        }
    }

    /// <summary>Starts one, and waits until it is ready.</summary>
    internal async Task<ServiceProcess> StartWorkerAsync()
    {
        var worker = _installation.StartWorker(Settings());
        await Installation.ReadyAsync(worker);
        return Worker = worker;
    }

    /// <summary>Starts another, and waits until it is ready.</summary>
    internal async Task<ServiceProcess> StartInventoryAsync(params string[] arguments)
    {
        var inventory = _installation.Start("inventory", "InventoryService", arguments, Settings());
        await Installation.ReadyAsync(inventory);
        return inventory;
    }

    /// <summary>Runs a statement on the orders database.</summary>
    internal Task SqlAsync(string sql) => _databases.OursAsync(sql);

    /// <summary>Creates a sale and opens it.</summary>
    internal Task<long> OpenSaleAsync(string name, params (long Sku, int Units)[] items) =>
        // Small enough for the legacy schema.
        OpenSaleAsync(Random.Shared.Next(1 << 20, int.MaxValue), name, items);

    /// <summary>Creates this sale and opens it.</summary>
    internal async Task<long> OpenSaleAsync(long id, string name, params (long Sku, int Units)[] items)
    {
        await PlanSaleAsync(id, name, TimeSpan.FromMinutes(-1), TimeSpan.FromHours(2), items);
        await AskAsync(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"/sales/{id}/open"));
        return id;
    }

    /// <summary>Creates this sale with a window from now.</summary>
    internal async Task PlanSaleAsync(long id, string name, TimeSpan opens, TimeSpan closes, params (long Sku, int Units)[] items)
    {
        var now = TimeProvider.System.GetUtcNow();
        await AskAsync(HttpMethod.Post, "/sales", new
        {
            saleId = id, name, opensAt = now + opens, closesAt = now + closes, paymentTimeoutSeconds = 900,
            items = items.Select(item => new
            {
                skuId = item.Sku, allocated = item.Units, limitPerUser = 2, unitPrice = 4_990 + (item.Sku % 7 * 1_000), currency = "EUR",
            }),
        });
    }

    /// <summary>Clicks of so many buyers, a few at a time.</summary>
    /// <returns>Statuses of the answers.</returns>
    internal async Task<IReadOnlyList<int>> BuyAsync(long sale, long sku, int buyers)
    {
        var tokens = new BuyerToken(DevelopmentKeys.BuyerToken, TimeProvider.System);
        var first = Random.Shared.Next(1 << 20, 1 << 30);
        var statuses = new int[buyers];
        await Parallel.ForAsync(0, buyers, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (buyer, cancellationToken) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Api.Url, "/orders"));
            request.Headers.Authorization = new("Bearer", tokens.Sign(first + buyer, TimeSpan.FromHours(1)));
            request.Content = Json(new { saleId = sale, skuId = sku, quantity = 1 });
            using var response = await s_http.SendAsync(request, cancellationToken);
            statuses[buyer] = (int)response.StatusCode;
        });
        return statuses;
    }

    /// <summary>A buyer registers in the waiting room of a sale.</summary>
    internal async Task RegisterAsync(long sale, long user)
    {
        var tokens = new BuyerToken(DevelopmentKeys.BuyerToken, TimeProvider.System);
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(Api.Url, string.Create(CultureInfo.InvariantCulture, $"/sales/{sale}/queue")));
        request.Headers.Authorization = new("Bearer", tokens.Sign(user, TimeSpan.FromHours(1)));
        using var response = await s_http.SendAsync(request);
        Assert.Equal(202, (int)response.StatusCode);
    }

    /// <summary>Asks the ops interface.</summary>
    internal Task<JsonElement> AskAsync(HttpMethod method, string path, object? body = null) =>
        Operator.AskAsync(Inventory, method, path, body);

    /// <summary>A browser that has opened the dashboard, with its key unless told otherwise.</summary>
    internal async Task<DashboardPage> OpenAsync(
        int width = 1440, ColorScheme scheme = ColorScheme.Light, bool withKey = true, Uri? at = null)
    {
        Assert.SkipWhen(
            _browser is null, "This needs redis-server, and a Chromium: Debian's package, or CHROMIUM=/path/to/it.");
        var context = await _browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = width < 600 ? 844 : 1000 }, ColorScheme = scheme, Locale = "en-GB",
            TimezoneId = "Asia/Kolkata",
        });
        return await DashboardPage.OpenAsync(context, at ?? Inventory.Url, withKey);
    }

    // The queue is that of all tests. What others left in it is unknown here and goes to quarantine, before or beside our first orders.
    private async Task TakeOverTheQueueAsync()
    {
        var sale = await OpenSaleAsync("Rehearsal", (1, 100));
        for (long quarantined = -1, now = -2; now != quarantined;)
        {
            await BuyAsync(sale, 1, 4);
            await Eventually.IsTrueAsync("orders are placed", async () => (await AskAsync(HttpMethod.Get, "/outbox"))
                .EnumerateArray().All(item => item.GetProperty("depth").GetInt64() == 0));
            (quarantined, now) = (now, await _databases.OursAsync<long>("select count(*) from quarantined_orders"));
        }

        await AskAsync(HttpMethod.Post, $"/sales/{sale}/close");
        await SqlAsync("delete from quarantined_orders");
    }

    // In place of the databases' own address, the relay's.
    private (string, string?)[] Settings() =>
    [
        .. _databases.Settings.Where(one => one.Name != Servers.OrdersSetting),
        Redis.Setting, RabbitMq.Setting, Postgres.Setting, ("Auditor__IntervalMilliseconds", "500"),
        ("Rebuild__Automatic", "false"), Installation.ProductTimeout,
    ];

    private static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
}
