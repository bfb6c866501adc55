using MassTransit;
using Seckill.OrderService;
using Seckill.OrderService.LegacyOrders;
using Seckill.OrderService.Ordering;
using Seckill.OrderService.Payments;
using Seckill.OrderService.Persistence;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Hosting;

if (await HealthProbe.RunAsync(args) is { } exitCode)
{
    return exitCode;
}

try
{
    var builder = ServiceHost.CreateBuilder(args);
    var role = builder.Configuration.RequiredRole();
    builder.Services.AddStock(builder.Configuration);
    builder.Services.AddOrdersDatabase(builder.Configuration);
    builder.Services.AddPulse(role);
    builder.Services.AddSingleton<OrderStore>();
    builder.Services.AddLegacyOrders(builder.Configuration, role);
    if (role.HasFlag(Role.Worker))
    {
        builder.Services.AddValidatedOptions<PersistenceOptions>("Persistence");
        builder.Services.AddExpiry();
        builder.Services.AddMessaging(
            builder.Configuration, bus => bus.AddConsumer<OrdersReservedConsumer>(), WorkerEndpoint.Configure);
        builder.Services.AddQueueCheck(isEssential: role == Role.Worker);
    }
    else
    {
        builder.Services.AddMessaging(builder.Configuration);
    }

    // A sale goes on without PostgreSQL and RabbitMQ, and persisting does not.
    builder.Services.AddStoreHealth(databaseIsEssential: role == Role.Worker, brokerIsEssential: role == Role.Worker);
    if (role.HasFlag(Role.Api))
    {
        // After the bus, so that it stops before it: what is reserved in the last moment can still be published.
        builder.Services.AddReservations();
        builder.Services.AddOrdering(builder.Configuration, builder.Environment);
        builder.Services.AddPayments(builder.Configuration, builder.Environment);
    }

    var app = builder.Build();
    app.Services.ConnectEarly();
    app.UseEntrance();
    app.UseTrustedProxies();
    // Here, so that an endpoint that needs none of what follows can go without: see PlaceOrderEndpoint.
    app.UseRouting();
    app.UseServiceDefaults();
    app.MapDualWrite();
    if (role.HasFlag(Role.Api))
    {
        app.MapPlaceOrder();
        app.MapOrders();
        app.MapSales();
        app.MapPayments();
    }

    await app.RunServiceAsync();
    return 0;
}
catch (InvalidSettingException exception)
{
    await Console.Error.WriteLineAsync("OrderService cannot start. " + exception.Message);
    return 1;
}
