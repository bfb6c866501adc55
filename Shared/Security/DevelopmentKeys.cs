namespace Seckill.Shared.Security;

/// <summary>Public keys for development. A process accepts them only when its environment is Development.</summary>
public static class DevelopmentKeys
{
    /// <summary>Signs buyer tokens (<c>Auth:BuyerTokenKey</c>).</summary>
    public const string BuyerToken = "development-only-buyer-token-signing-key";

    /// <summary>Opens the ops endpoints (<c>Auth:OpsKey</c>).</summary>
    public const string Ops = "development-only-ops-key-0123456789";

    /// <summary>Signs the payment provider's calls (<c>Payments:SigningKey</c>).</summary>
    public const string Payment = "development-only-payment-signing-key";
}
