using Npgsql;
using Seckill.Baselines;
using Seckill.Shared.Connections;
using Seckill.Shared.Hosting;
using Seckill.Shared.Security;
using Seckill.Shared.Settings;

// The host, the token check, the body and the answers are those of the real storefront, so that only the way differs on which
// an order goes to its row.
var builder = ServiceHost.CreateBuilder(args);
var settings = builder.Configuration;
var variant = settings["variant"];
var key = settings.RequiredSecret(builder.Environment, "Auth:BuyerTokenKey", DevelopmentKeys.BuyerToken);
builder.Services.AddSingleton(provider => new BuyerToken(key, provider.GetRequiredService<TimeProvider>()));
// Opens nothing before it is used; the ops interface of the host records into it.
var database = new NpgsqlConnectionStringBuilder(
    $"Maximum Pool Size={ConnectionsFeature.MaxPostgresConnections};Max Auto Prepare=10;Auto Prepare Min Usages=2;"
    + $"Application Name={AppDomain.CurrentDomain.FriendlyName}-{Environment.ProcessId};"
    + settings.RequiredConnectionString("Orders"));
builder.Services.AddSingleton(_ => NpgsqlDataSource.Create(database));
if (variant == "empty")
{
    await EmptyStorefront.RunAsync(builder);
    return 0;
}

builder.Services.AddSingleton<BaselineTables>();
switch (variant)
{
    case "row-lock":
        builder.Services.AddSingleton<IShop, RowLockShop>();
        break;
    case "per-order":
        builder.Services.AddSingleton(_ => new Broker(new Uri(settings.RequiredConnectionString("RabbitMq"))));
        builder.Services.AddSingleton<IShop>(provider => new PerOrderShop(
            settings.RequiredConnectionString("Redis"), provider.GetRequiredService<Broker>()));
        builder.Services.AddHostedService<PerOrderConsumer>();
        break;
    case "waiting":
        builder.Services.AddSingleton<IShop, WaitingShop>();
        break;
    default:
        await Console.Error.WriteLineAsync("--variant must be empty, per-order, row-lock or waiting");
        return 2;
}

var app = builder.Build();
await app.Services.GetRequiredService<BaselineTables>().CreateAsync();
app.UseServiceDefaults();
app.MapShop();
await app.RunAsync();
return 0;
