namespace Seckill.OrderService.Tests;

/// <summary>
/// Tests of code that takes every order that waits in the database: expiry, returns, audits and rebuilds act on the orders of any test.
/// They run after all others, one at a time.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AllOrders : ICollectionFixture<StoreFixture>, ICollectionFixture<NoStorefrontHost>
{
    /// <summary>Of the collection.</summary>
    public const string Name = "All orders of the database";
}

/// <summary>
/// Ends the service that the other tests share.
/// Its worker would place, expire and return their orders meanwhile, so it ends before the first of them.
/// </summary>
public sealed class NoStorefrontHost(StorefrontHost storefront) : IAsyncLifetime
{
    public ValueTask InitializeAsync() => storefront.DisposeAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
