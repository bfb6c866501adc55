using Seckill.Shared.Security;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Interface;

/// <summary>The tests of the interface as strangers use it: by its documents and by the guide.</summary>
[CollectionDefinition(Name)]
public sealed class AsAStranger : ICollectionFixture<RunningShop>
{
    /// <summary>Of the collection.</summary>
    public const string Name = "As a stranger";
}

/// <summary>A whole small system with a sale, and a folder with the tools of those who write clients for it.</summary>
public sealed class RunningShop(StoreConnections servers) : IAsyncLifetime
{
    private readonly BuyerToken _tokens = new(DevelopmentKeys.BuyerToken, TimeProvider.System);
    private readonly Installation _installation = new();
    private readonly Lazy<Task> _packages = new(() => Command.RunAsync(Folder, "npm", "ci", "--no-progress"));

    /// <summary>Has package.json and what the clients are made of.</summary>
    internal static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Interface", "clients");

    internal ServiceProcess Api { get; private set; } = null!;

    internal ServiceProcess Inventory { get; private set; } = null!;

    internal Buyers Buyers { get; private set; } = null!;

    private static bool HasNode { get; } =
        Environment.GetEnvironmentVariable("PATH")!.Split(':') is var folders
        && new[] { "node", "npm" }.All(program => folders.Any(folder => File.Exists(Path.Combine(folder, program))));

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        // A database of its own: the runbooks act on every open sale.
        var databases = await _installation.CreateDatabasesAsync(servers);
        var worker = _installation.StartWorker(databases.Settings);
        (Api, Inventory) = (_installation.StartApi(databases.Settings), _installation.StartInventory(databases.Settings));
        await Installation.ReadyAsync(Api, worker, Inventory);
        await databases.NumberItemsApartAsync();
        // JavaScript reads the ids as numbers.
        Buyers = new Buyers(await Sale.OpenAsync(Inventory, units: 100, limitPerUser: 10, fitsLegacy: true));
        using var http = new HttpClient();
        foreach (var service in new[] { Api, Inventory })
        {
            await File.WriteAllBytesAsync(DocumentOf(service), await http.GetByteArrayAsync(new Uri(service.Url, "/openapi/v1.json")));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Buyers?.Dispose();
        await _installation.DisposeAsync();
    }

    /// <summary>The OpenAPI document of a service, as a file.</summary>
    internal string DocumentOf(ServiceProcess service) => Path.Combine(Folder, service == Api ? "storefront.json" : "ops.json");

    /// <summary>
    /// Installs the packages of package.json by its lock file, once. Without Node.js, or where the packages cannot be had, the test is
    /// skipped.
    /// </summary>
    internal async Task NeedsPackagesAsync()
    {
        NeedsNode();
        await _packages.Value.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.SkipWhen(_packages.Value.IsFaulted, $"npm ci failed: {_packages.Value.Exception?.InnerException?.Message}");
    }

    /// <summary>Without Node.js the test is skipped.</summary>
    internal static void NeedsNode() => Assert.SkipUnless(HasNode, "This needs Node.js with npm: apt-get install nodejs npm.");

    /// <summary>What a client is told: the address, and the token of a new buyer.</summary>
    internal Dictionary<string, string> NewBuyer() => new()
    {
        ["ORDER_URL"] = Api.Url.ToString().TrimEnd('/'), ["TOKEN"] = _tokens.Sign(Buyers.NewUser(), TimeSpan.FromHours(1)),
    };
}
