using System.Diagnostics.CodeAnalysis;
using System.Text;
using Npgsql;
using Seckill.Shared.Security;
using StackExchange.Redis;

namespace Seckill.LoadTests.Client;

/// <summary>The system under test: its addresses and keys, and its stores where they are within reach.</summary>
/// <param name="Apis">Storefront instances, at least one; each ends in a slash.</param>
/// <param name="Inventory">InventoryService; ends in a slash.</param>
/// <param name="OpsKey">Bearer key of the ops endpoints.</param>
/// <param name="BuyerTokenKey">Signs the buyers' tokens.</param>
/// <param name="PaymentKey">Signs the payment provider's calls.</param>
/// <param name="Redis">StackExchange.Redis configuration; empty when the stores are out of reach.</param>
/// <param name="Orders">Npgsql connection string; empty when the stores are out of reach.</param>
/// <param name="OrderOps">Ops listener of the first storefront; null when it has one listener.</param>
/// <param name="InventoryOps">Ops listener of InventoryService; null when it has one listener.</param>
public sealed record LoadTarget(
    IReadOnlyList<Uri> Apis, Uri Inventory, string OpsKey, string BuyerTokenKey, string PaymentKey, string Redis = "", string Orders = "",
    Uri? OrderOps = null, Uri? InventoryOps = null)
{
    /// <summary>The variable with <see cref="BuyerTokenKey"/>; the development key when it is not set.</summary>
    public const string TokenKeyVariable = "BUYER_TOKEN_KEY";

    private static readonly TimeSpan s_tokenLifetime = TimeSpan.FromHours(24);

    /// <summary>Where the dual write of OrderService is.</summary>
    public Uri DualWrite => OrderOps ?? Apis[0];

    /// <summary>True when the audit can read Redis and PostgreSQL.</summary>
    public bool HasStores => Redis.Length > 0;

    /// <summary>Tokens of the users 1 to <paramref name="count"/>, which last for a day.</summary>
    public string[] SignTokens(int count)
    {
        var signer = new BuyerToken(BuyerTokenKey, TimeProvider.System);
        return [.. Enumerable.Range(1, count).Select(user => signer.Sign(user, s_tokenLifetime))];
    }

    /// <summary>The buyers 1 to <paramref name="count"/>.</summary>
    public Buyer[] SignBuyers(int count) => [.. SignTokens(count).Select((token, index) => new Buyer(index + 1, "Bearer " + token))];

    /// <summary>Reads the target from environment variables.</summary>
    /// <param name="variable">Reads an environment variable.</param>
    /// <param name="needsStores">True when the connection strings must be set.</param>
    /// <param name="target">The system.</param>
    /// <param name="problem">Names what is missing or invalid.</param>
    /// <param name="url">From the command line; overrides ORDER_URLS.</param>
    /// <param name="opsUrl">From the command line; overrides INVENTORY_URL.</param>
    public static bool TryRead(
        Func<string, string?> variable, bool needsStores,
        [NotNullWhen(true)] out LoadTarget? target, [NotNullWhen(false)] out string? problem, string? url = null, string? opsUrl = null)
    {
        string Read(string name, string otherwise = "") => variable(name) is { Length: > 0 } value ? value : otherwise;
        var apis = (url ?? Read("ORDER_URLS", Read("ORDER_URL")))
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(ParseUrl)
            .ToArray();
        var inventory = ParseUrl(opsUrl ?? Read("INVENTORY_URL"));
        var tokenKey = Read(TokenKeyVariable, DevelopmentKeys.BuyerToken);
        var (redis, orders) = (Read("ConnectionStrings__Redis"), Read("ConnectionStrings__Orders"));
        var hasStores = needsStores || redis.Length + orders.Length > 0;
        problem =
            apis.Length == 0 || Array.Exists(apis, api => api is null)
                ? "--url (or ORDER_URLS) must be the storefront's absolute http(s) URL, or several, separated by commas."
            : inventory is null ? "--ops-url (or INVENTORY_URL) must be the absolute http(s) URL of InventoryService."
            : Read("OPS_KEY") is "" ? "OPS_KEY must be set to the key of the ops endpoints."
            : ProblemOf(tokenKey) is { } tooShort ? tooShort
            : hasStores && !IsRedis(redis)
                ? "ConnectionStrings__Redis must be a StackExchange.Redis configuration (host:port,password=…), together with __Orders."
            : hasStores && !IsPostgres(orders)
                ? "ConnectionStrings__Orders must be an Npgsql connection string (Host=…;Database=…), set together with __Redis."
            : null;
        target = problem is not null ? null : new LoadTarget(
            [.. apis.Select(api => api!)], inventory!, Read("OPS_KEY"), tokenKey, Read("PAYMENT_KEY", DevelopmentKeys.Payment), redis,
            orders, ParseUrl(Read("ORDER_OPS_URL")), ParseUrl(Read("INVENTORY_OPS_URL")));
        return target is not null;
    }

    /// <summary>Why tokens cannot be signed with this key; null when they can.</summary>
    public static string? ProblemOf(string tokenKey) => Encoding.UTF8.GetByteCount(tokenKey) >= BuyerToken.MinimumKeyBytes ? null
        : $"{TokenKeyVariable} is too short: a signing key needs at least {BuyerToken.MinimumKeyBytes} bytes.";

    private static Uri? ParseUrl(string text) =>
        Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;

    private static bool IsRedis(string text)
    {
        try
        {
            return text.Length > 0 && ConfigurationOptions.Parse(text).EndPoints.Count > 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsPostgres(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text).Host is { Length: > 0 };
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            return false;
        }
    }
}
