using Seckill.Shared.Schema;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// Creates the legacy table in Development, or with <c>Legacy:CreateSchema</c>: the embedded numbered scripts, each once. In
/// production the table exists, and Seckill never changes it.
/// </summary>
internal sealed class LegacySchema(
    LegacyDatabase legacy, IOptions<LegacyOptions> options, IOptions<SchemaOptions> schema, IHostEnvironment environment,
    ILogger<LegacySchema> logger)
    : SchemaUpgrade("legacy", s_scripts, schema, logger)
{
    private static readonly SchemaScripts s_scripts = new(typeof(LegacySchema).Assembly, "development_schema_version", 0x5ec0112);

    /// <summary>Applies the scripts that are missing.</summary>
    public static Task<IReadOnlyList<string>> ApplyAsync(LegacyDatabase legacy, CancellationToken cancellationToken) =>
        legacy.AskAsync(s_scripts.ApplyAsync, cancellationToken);

    protected override bool IsManaged => legacy.IsConfigured && (options.Value.CreateSchema || environment.IsDevelopment());

    protected override Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> question, CancellationToken cancellationToken) =>
        legacy.AskAsync(question, cancellationToken);
}
