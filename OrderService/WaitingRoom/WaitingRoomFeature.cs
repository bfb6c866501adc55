using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>The waiting rooms of sales that have one: registration, draw, admission, passes. The storefront has their endpoints.</summary>
internal static class WaitingRoomFeature
{
    public static void AddWaitingRoom(this IHostApplicationBuilder builder)
    {
        var keys = BuyerTokenKey.Of(builder.Configuration, builder.Environment).Select(key => key.Secret);
        builder.Services.AddValidatedOptions<WaitingRoomOptions>("WaitingRoom");
        builder.Services.AddSingleton(provider => new SalePass(keys, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<RoomLedger>();
        builder.Services.AddSingleton<RoomStock>();
        builder.Services.AddSingleton<PassGate>();
        builder.Services.AddSingleton<RoomBoard>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RoomBoard>());
    }
}
