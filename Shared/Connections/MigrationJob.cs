using Seckill.Shared.Schema;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Connections;

/// <summary>
/// <c>migrate</c>: brings the databases to the schema of this build, sets the rights of the roles, and ends. Needs only the connection
/// strings of their owner; the processes then run with users that may do their rows and nothing else.
/// </summary>
public static class MigrationJob
{
    /// <summary>Runs it once, without retries: what runs jobs repeats a failed one.</summary>
    /// <param name="args">Further settings.</param>
    /// <param name="addSchemas">Registers further databases of the service.</param>
    /// <returns>The exit code: 0, or 1 when PostgreSQL is down or refuses; then nothing of that database is changed.</returns>
    /// <exception cref="InvalidSettingException">A connection string is missing or invalid.</exception>
    public static async Task<int> RunAsync(string[] args, Action<IHostApplicationBuilder>? addSchemas = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
        {
            Args = args,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddOrdersDatabase();
        builder.Services.AddSingleton<SchemaUpgrade>(provider => provider.GetRequiredService<SchemaMigrator>());
        addSchemas?.Invoke(builder);
        using var host = builder.Build();
        try
        {
            foreach (var schema in host.Services.GetServices<SchemaUpgrade>())
            {
                await schema.MigrateAsync(CancellationToken.None);
            }

            return 0;
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            await Console.Error.WriteLineAsync($"The migration failed: {exception.Message}");
            return 1;
        }
    }
}
