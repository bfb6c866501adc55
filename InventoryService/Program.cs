using Seckill.InventoryService.Archive;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Buyers;
using Seckill.InventoryService.Dashboard;
using Seckill.InventoryService.Denials;
using Seckill.InventoryService.Editing;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.OrderEvents;
using Seckill.InventoryService.Outbox;
using Seckill.InventoryService.Quarantine;
using Seckill.InventoryService.Rebuild;
using Seckill.InventoryService.Refunds;
using Seckill.InventoryService.Returns;
using Seckill.InventoryService.Sales;
using Seckill.InventoryService.WaitingRooms;
using Seckill.InventoryService.Webhooks;

return await ServiceProgram.RunAsync(
    args,
    builder =>
    {
        builder.AddConnections(databaseIsEssential: true, brokerIsEssential: false);
        builder.AddMessaging();
        builder.AddStock();
        builder.AddSales();
        builder.AddWaitingRooms();
        builder.AddLedger();
        builder.AddEditing();
        builder.AddReturns();
        builder.AddRefunds();
        builder.AddOutbox();
        builder.AddAudit();
        builder.AddRebuild();
        builder.AddArchive();
        builder.AddBuyers();
        builder.AddOrderEvents();
        builder.AddWebhooks();
        builder.AddBacklog();
        builder.AddDashboard();
    },
    app =>
    {
        app.UseTrustedProxies();
        app.UseRouting();
        app.UseServiceDefaults();
        app.MapSales();
        app.MapWaitingRooms();
        app.MapLedger();
        app.MapEditing();
        app.MapOutbox();
        app.MapQuarantine();
        app.MapRefunds();
        app.MapOrderEvents();
        app.MapWebhooks();
        app.MapAudit();
        app.MapRebuild();
        app.MapArchive();
        app.MapBuyers();
        app.MapDashboard();
        app.MapDenials();
        app.MapOperatorActions();
    },
    migrate: rest => MigrationJob.RunAsync(rest));
