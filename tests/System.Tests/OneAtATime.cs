using Seckill.Tests.Harness.Processes;

// The tests share one queue, and stop and start workers of it: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(StoreConnections))]
