namespace Seckill.Shared.Schema;

/// <summary>Settings under <c>Schema</c>.</summary>
public sealed class SchemaOptions
{
    /// <summary>
    /// Applies missing schema files at start when the connection string is that of the owner. False: a process never does, and waits for
    /// <c>dotnet Seckill.OrderService.dll migrate</c>, as it does when its user may not.
    /// </summary>
    public bool MigrateAtStart { get; set; } = true;
}
