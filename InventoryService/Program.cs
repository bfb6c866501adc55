using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Dashboard;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Outbox;
using Seckill.InventoryService.Quarantine;
using Seckill.InventoryService.Rebuild;
using Seckill.InventoryService.Refunds;
using Seckill.InventoryService.Returns;
using Seckill.InventoryService.Sales;

return await ServiceProgram.RunAsync(
    args,
    builder =>
    {
        builder.AddConnections(databaseIsEssential: true, brokerIsEssential: false);
        builder.AddMessaging();
        builder.AddStock();
        builder.AddSales();
        builder.AddLedger();
        builder.AddReturns();
        builder.AddOutbox();
        builder.AddAudit();
        builder.AddRebuild();
        builder.AddBacklog();
        builder.AddDashboard();
    },
    app =>
    {
        app.UseTrustedProxies();
        app.UseRouting();
        app.UseServiceDefaults();
        app.MapSales();
        app.MapLedger();
        app.MapOutbox();
        app.MapQuarantine();
        app.MapRefunds();
        app.MapAudit();
        app.MapRebuild();
        app.MapDashboard();
        app.MapOperatorActions();
    });
