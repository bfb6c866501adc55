using System.Diagnostics.CodeAnalysis;
using System.Text;
using Seckill.LoadTests.Demo;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Tokens;
using Seckill.Shared.Security;

namespace Seckill.LoadTests.Load;

/// <summary>The system that a run is sent to: any deployment, by its addresses and keys alone.</summary>
/// <param name="Apis">Storefront instances, at least one; each ends in a slash.</param>
/// <param name="Inventory">InventoryService; ends in a slash.</param>
/// <param name="OpsKey">Bearer key of the ops endpoints.</param>
/// <param name="BuyerTokenKey">Signs the buyers' tokens.</param>
/// <param name="PaymentKey">Signs the payment provider's calls.</param>
/// <param name="Redis">StackExchange.Redis configuration; null when the stores are out of reach.</param>
/// <param name="Orders">Npgsql connection string; null when the stores are out of reach.</param>
public sealed record LoadTarget(
    IReadOnlyList<Uri> Apis, Uri Inventory, string OpsKey, string BuyerTokenKey, string PaymentKey, string? Redis, string? Orders)
{
    /// <summary>Buyers with tokens that last for a day.</summary>
    public Buyer[] SignTokens(int count)
    {
        var signer = new BuyerToken(BuyerTokenKey, TimeProvider.System);
        return [.. Enumerable.Range(1, count).Select(user => new Buyer(user, "Bearer " + signer.Sign(user, TimeSpan.FromHours(24))))];
    }

    /// <summary>False, and a message that names what is missing or cannot be used.</summary>
    /// <param name="variable">Reads an environment variable.</param>
    /// <param name="url">From the command line; goes before ORDER_URLS.</param>
    /// <param name="opsUrl">From the command line; goes before INVENTORY_URL.</param>
    /// <param name="target">The system.</param>
    /// <param name="problem">For people.</param>
    public static bool TryRead(
        Func<string, string?> variable, string? url, string? opsUrl,
        [NotNullWhen(true)] out LoadTarget? target, [NotNullWhen(false)] out string? problem)
    {
        target = null;
        string? Read(string name) => variable(name) is { Length: > 0 } value ? value : null;
        var apis = (url ?? Read("ORDER_URLS") ?? Read("ORDER_URL") ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(Deployment.ParseUrl)
            .ToArray();
        var inventory = Deployment.ParseUrl(opsUrl ?? Read("INVENTORY_URL") ?? "");
        var tokenKey = Read(TokenCommand.KeyVariable) ?? DevelopmentKeys.BuyerToken;
        var (redis, orders) = (Read("ConnectionStrings__Redis"), Read("ConnectionStrings__Orders"));
        problem =
            apis.Length == 0 || Array.Exists(apis, api => api is null)
                ? "--url must be the storefront's absolute http(s) URL, or several with commas between them."
            : inventory is null ? "--ops-url must be the absolute http(s) URL of InventoryService."
            : Read("OPS_KEY") is null ? "OPS_KEY must be set to the key of the ops endpoints."
            : Encoding.UTF8.GetByteCount(tokenKey) < BuyerToken.MinimumKeyBytes
                ? $"{TokenCommand.KeyVariable} is too short: a signing key needs at least {BuyerToken.MinimumKeyBytes} bytes."
            : (redis is null) != (orders is null)
                ? "ConnectionStrings__Redis and ConnectionStrings__Orders belong together: set both for the deeper audit, or none."
            : redis is not null && !Deployment.IsRedis(redis)
                ? "ConnectionStrings__Redis must be a StackExchange.Redis configuration (host:port,password=…)."
            : orders is not null && !Deployment.IsPostgres(orders)
                ? "ConnectionStrings__Orders must be an Npgsql connection string (Host=…;Database=…)."
            : null;
        if (problem is not null)
        {
            return false;
        }

        target = new LoadTarget(
            [.. apis.Select(api => api!)], inventory!, Read("OPS_KEY")!, tokenKey, Read("PAYMENT_KEY") ?? DevelopmentKeys.Payment,
            redis, orders);
        return true;
    }
}
