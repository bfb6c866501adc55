namespace Seckill.Shared.Schema;

/// <summary>Brings the orders database to the schema of this build: the <c>NNN_name.sql</c> files of this folder.</summary>
public sealed class SchemaMigrator(NpgsqlDataSource database, ILogger<SchemaMigrator> logger) : SchemaUpgrade("orders", logger)
{
    private static readonly SchemaScripts s_scripts = new(typeof(SchemaMigrator).Assembly, "schema_version", 0x5ec0111);

    protected override async Task<IReadOnlyList<string>> ApplyAsync(CancellationToken cancellationToken) =>
        await s_scripts.ApplyAsync(await database.OpenConnectionAsync(cancellationToken)).WaitAsync(cancellationToken);
}
