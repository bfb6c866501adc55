using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.InventoryService.Dashboard;

/// <summary>State and window of a sale combined.</summary>
[JsonConverter(typeof(SalePhaseConverter))]
public enum SalePhase
{
    /// <summary>Not opened.</summary>
    Planned,

    /// <summary>Opened, before its window.</summary>
    Upcoming,

    /// <summary>Opened, in its window.</summary>
    On,

    /// <summary>Opened, after its window.</summary>
    Over,

    /// <summary>Closed.</summary>
    Closed,
}

/// <summary>Writes the phases as words.</summary>
internal sealed class SalePhaseConverter() : JsonStringEnumConverter<SalePhase>(JsonNamingPolicy.KebabCaseLower);
