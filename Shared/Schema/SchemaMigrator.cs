using Microsoft.Extensions.Options;

namespace Seckill.Shared.Schema;

/// <summary>Brings the orders database to the schema of this build: the <c>NNN_name.sql</c> files of this folder.</summary>
public sealed class SchemaMigrator(NpgsqlDataSource database, IOptions<SchemaOptions> options, ILogger<SchemaMigrator> logger)
    : SchemaUpgrade("orders", new SchemaScripts(typeof(SchemaMigrator).Assembly, "schema_version", 0x5ec0111), options, logger)
{
    protected override Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> question, CancellationToken cancellationToken)
    {
        return AskAsync().WaitAsync(cancellationToken);

        async Task<T> AskAsync()
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            return await question(connection);
        }
    }
}
