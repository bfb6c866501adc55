namespace Seckill.OrderService.Payments;

/// <summary>Payments that the payment provider reports.</summary>
internal static class PaymentsFeature
{
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
    }

    public static void MapPayments(this WebApplication app) => PaymentEndpoints.Map(app);
}
