namespace Seckill.OrderService.Payments;

/// <summary>Payments that the payment provider reports.</summary>
internal static class PaymentsFeature
{
    public static void AddPayments(this WebApplicationBuilder builder)
    {
        var key = builder.Configuration.RequiredSecret(builder.Environment, "Payments:SigningKey", DevelopmentKeys.Payment);
        builder.Services.AddSingleton(provider => new PaymentSignature(key, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<PaymentStore>();
    }

    public static void MapPayments(this WebApplication app) => PaymentEndpoints.Map(app);
}
