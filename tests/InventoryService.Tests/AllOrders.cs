namespace Seckill.InventoryService.Tests;

/// <summary>
/// Tests of code that takes every order that waits in the database: expiry, returns, audits and rebuilds act on the orders of any test.
/// They run after all others, one at a time.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AllOrders : ICollectionFixture<StoreFixture>, ICollectionFixture<NoAdministration>
{
    /// <summary>Of the collection.</summary>
    public const string Name = "All orders of the database";
}

/// <summary>
/// Ends the service that the other tests share.
/// It would return their stock and rebuild their items meanwhile, so it ends before the first of them.
/// </summary>
public sealed class NoAdministration(Administration administration) : IAsyncLifetime
{
    public ValueTask InitializeAsync() => administration.DisposeAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
