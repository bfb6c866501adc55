using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.Shared.Schema;

namespace Seckill.Tests.Harness;

/// <summary>The schema of the orders database, brought up to date once in a test run, by the code that the services use.</summary>
internal static class Schema
{
    private static readonly Lazy<Task> s_done = new(MigrateAsync);

    public static Task EnsureAsync() => s_done.Value;

    /// <summary>What a process of the owner has.</summary>
    public static SchemaMigrator Migrator(NpgsqlDataSource database) =>
        new(database, Options.Create(new SchemaOptions()), NullLogger<SchemaMigrator>.Instance);

    private static async Task MigrateAsync()
    {
        using var migrator = Migrator(Servers.Orders);
        await migrator.StartAsync(CancellationToken.None);
        await migrator.Done.InTime();
    }
}
