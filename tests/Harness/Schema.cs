using Microsoft.Extensions.Logging.Abstractions;
using Seckill.Shared.Schema;

namespace Seckill.Tests.Harness;

/// <summary>The schema of the orders database, brought up to date once in a test run, by the code that the services use.</summary>
internal static class Schema
{
    private static readonly Lazy<Task> s_done = new(MigrateAsync);

    public static Task EnsureAsync() => s_done.Value;

    private static async Task MigrateAsync()
    {
        using var migrator = new SchemaMigrator(Servers.Orders, NullLogger<SchemaMigrator>.Instance);
        await migrator.StartAsync(CancellationToken.None);
        await migrator.Done.InTime();
    }
}
