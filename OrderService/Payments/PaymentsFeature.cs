namespace Seckill.OrderService.Payments;

/// <summary>Payments that the payment provider reports, or is asked for.</summary>
internal static class PaymentsFeature
{
    /// <summary>Stands for the order in the address that is asked.</summary>
    internal const string OrderIdInUrl = "{orderId}";

    public static void AddPayments(this WebApplicationBuilder builder)
    {
        string[] keys =
        [
            builder.Configuration.RequiredSecret(builder.Environment, "Payments:SigningKey", DevelopmentKeys.Payment),
            .. builder.Configuration.OtherSecrets(builder.Environment, "Payments:OtherSigningKeys", null, DevelopmentKeys.Payment)
                .Select(other => other.Secret),
        ];
        builder.Services.AddSingleton(provider => new PaymentSignature(keys, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<PaymentStore>();
        builder.Services.AddValidatedOptions<PaymentOptions>("Payments");
        if (builder.Configuration.GetSection("Payments").Get<PaymentOptions>()?.FindUrl is not { Length: > 0 } url)
        {
            return;
        }

        if (!url.Contains(OrderIdInUrl, StringComparison.Ordinal)
            || !Uri.TryCreate(url.Replace(OrderIdInUrl, "0", StringComparison.Ordinal), UriKind.Absolute, out var address)
            || !OutgoingHttp.IsAllowed(address, builder.Environment))
        {
            throw new InvalidSettingException("Payments:FindUrl", $"must be an https address with {OrderIdInUrl} in it");
        }

        builder.Services.AddSingleton<IPaymentProvider, HttpPaymentProvider>();
        builder.Services.AddHostedService<PaymentSearch>();
    }

    public static void MapPayments(this WebApplication app) => PaymentEndpoints.Map(app);
}
