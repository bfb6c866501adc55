namespace Seckill.InventoryService.Sales;

/// <summary>State of a sale. In PostgreSQL and in JSON it is the same word in lower case.</summary>
[JsonConverter(typeof(SaleStateConverter))]
public enum SaleState
{
    /// <summary>Planned; its stock is not in Redis.</summary>
    Created,
    /// <summary>Its stock is in Redis, and the window decides.</summary>
    Open,
    /// <summary>Closed by an operator, whatever the window says, or automatically after it.</summary>
    Closed,
}

/// <summary>Writes the states as words.</summary>
internal sealed class SaleStateConverter() : JsonStringEnumConverter<SaleState>(JsonNamingPolicy.KebabCaseLower);
