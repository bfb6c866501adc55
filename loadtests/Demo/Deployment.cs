using System.Diagnostics.CodeAnalysis;
using System.Text;
using Npgsql;
using Seckill.LoadTests.Tokens;
using Seckill.Shared.Security;
using StackExchange.Redis;

namespace Seckill.LoadTests.Demo;

/// <summary>Where the system under test is, from environment variables.</summary>
/// <param name="Apis">Storefront instances, at least one; each ends in a slash.</param>
/// <param name="Inventory">InventoryService; ends in a slash.</param>
/// <param name="OpsKey">Bearer key of the ops endpoints.</param>
/// <param name="BuyerTokenKey">Signs the buyers' tokens.</param>
/// <param name="PaymentKey">Signs the payment provider's calls.</param>
/// <param name="Redis">StackExchange.Redis configuration.</param>
/// <param name="Orders">Npgsql connection string.</param>
public sealed record Deployment(
    IReadOnlyList<Uri> Apis,
    Uri Inventory,
    string OpsKey,
    string BuyerTokenKey,
    string PaymentKey,
    string Redis,
    string Orders)
{
    private const string DefaultOrderUrl = "http://127.0.0.1:8080";

    /// <summary>False, and a message that names the variable, when one is missing or cannot be used.</summary>
    public static bool TryRead(
        Func<string, string?> variable, [NotNullWhen(true)] out Deployment? deployment, [NotNullWhen(false)] out string? problem)
    {
        deployment = null;
        string Read(string name, string otherwise = "") => variable(name) is { Length: > 0 } value ? value : otherwise;
        var tokenKey = Read(TokenCommand.KeyVariable, DevelopmentKeys.BuyerToken);
        var (redis, orders) = (Read("ConnectionStrings__Redis"), Read("ConnectionStrings__Orders"));
        var urls = Read("ORDER_URLS", Read("ORDER_URL", DefaultOrderUrl))
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(ParseUrl)
            .ToArray();
        var inventory = ParseUrl(Read("INVENTORY_URL"));
        problem =
            urls.Length == 0 || Array.Exists(urls, url => url is null) ? "ORDER_URLS must be absolute http(s) URLs, separated by commas."
            : inventory is null ? "INVENTORY_URL must be set to the absolute http(s) URL of InventoryService."
            : Read("OPS_KEY") is "" ? "OPS_KEY must be set to the key of the ops endpoints."
            : Encoding.UTF8.GetByteCount(tokenKey) < BuyerToken.MinimumKeyBytes
                ? $"{TokenCommand.KeyVariable} is too short: a signing key needs at least {BuyerToken.MinimumKeyBytes} bytes."
            : redis is "" || !IsRedis(redis)
                ? "ConnectionStrings__Redis must be set to a StackExchange.Redis configuration (host:port,password=…)."
            : orders is "" || !IsPostgres(orders)
                ? "ConnectionStrings__Orders must be set to an Npgsql connection string (Host=…;Database=…)."
            : null;
        if (problem is not null)
        {
            return false;
        }

        deployment = new Deployment(
            [.. urls.Select(url => url!)], inventory!, Read("OPS_KEY"), tokenKey, Read("PAYMENT_KEY", DevelopmentKeys.Payment),
            redis, orders);
        return true;
    }

    internal static Uri? ParseUrl(string text) =>
        Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;

    internal static bool IsRedis(string text)
    {
        try
        {
            return ConfigurationOptions.Parse(text).EndPoints.Count > 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    internal static bool IsPostgres(string text)
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
