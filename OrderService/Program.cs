using Seckill.OrderService;
using Seckill.OrderService.Identity;
using Seckill.OrderService.LegacyOrders;
using Seckill.OrderService.Operations;
using Seckill.OrderService.OrderEvents;
using Seckill.OrderService.Orders;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Payments;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.Storefront;
using Seckill.OrderService.WaitingRoom;
using Seckill.OrderService.WarmUp;

var role = Role.All;
return await ServiceProgram.RunAsync(
    args,
    builder =>
    {
        role = builder.Configuration.RequiredRole();
        builder.AddConnections(databaseIsEssential: role == Role.Worker, brokerIsEssential: role == Role.Worker);
        builder.AddStock();
        builder.AddHeartbeat(role);
        builder.AddLegacyOrders(role);
        builder.AddOrders(role);
        if (role.HasFlag(Role.Api))
        {
            builder.AddReservations();
            builder.AddOverload();
            builder.AddWaitingRoom();
            builder.AddIdentity();
            builder.AddStorefront();
            builder.AddOrderEvents();
            builder.AddPayments();
        }

        builder.AddWarmUp(role);
    },
    app =>
    {
        app.Services.ConnectEarly();
        app.UseTrustedProxies();
        if (role.HasFlag(Role.Api))
        {
            app.UseCrossOrigin();
        }

        app.UseRouting();
        app.UseServiceDefaults();
        app.MapLegacyOrders();
        if (role.HasFlag(Role.Api))
        {
            app.MapStorefront();
            app.MapPayments();
            app.MapOverload();
            app.MapWarmUp();
        }
    },
    migrate: rest => MigrationJob.RunAsync(rest, LegacyOrdersFeature.AddLegacySchema));
