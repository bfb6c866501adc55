using Seckill.InventoryService.Dashboard;
using Seckill.InventoryService.Reconciliation;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Hosting;

if (await HealthProbe.RunAsync(args) is { } exitCode)
{
    return exitCode;
}

try
{
    var builder = ServiceHost.CreateBuilder(args);
    builder.Services.AddStock(builder.Configuration);
    builder.Services.AddOrdersDatabase(builder.Configuration);
    builder.Services.AddMessaging(builder.Configuration);
    builder.Services.AddStoreHealth(databaseIsEssential: true, brokerIsEssential: false);

    // Sale administration.
    builder.Services.AddSingleton<SaleStore>();
    builder.Services.AddSingleton<SaleOpening>();
    builder.Services.AddSingleton<LedgerReader>();
    builder.Services.AddSingleton<StockChanges>();
    builder.Services.AddHostedService<StockChangeFinisher>();
    builder.Services.AddValidatedOptions<AlertOptions>("Alerts");
    builder.Services.AddHostedService<StockAlerts>();

    // (9) The return of stock.
    builder.Services.AddValidatedOptions<ReturnsOptions>("Returns");
    builder.Services.AddHostedService<StockReturns>();

    // (10) The outbox sweeper.
    builder.Services.AddValidatedOptions<SweeperOptions>("Sweeper");
    builder.Services.AddHostedService<OutboxSweeper>();

    // (11) The auditor and the watch for lost data, (12) the rebuild.
    builder.Services.AddBooks(builder.Configuration);

    // (13) The ops dashboard.
    builder.Services.AddDashboard(builder.Configuration);

    var app = builder.Build();
    app.UseEntrance();
    app.UseServiceDefaults();
    app.MapSales();
    app.MapReconciliation();
    app.MapBooks();
    app.MapDashboard();
    await app.RunServiceAsync();
    return 0;
}
catch (InvalidSettingException exception)
{
    await Console.Error.WriteLineAsync("InventoryService cannot start. " + exception.Message);
    return 1;
}
