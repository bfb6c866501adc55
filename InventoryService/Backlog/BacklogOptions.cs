using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Backlog;

/// <summary>Settings under <c>Backlog</c>.</summary>
public sealed class BacklogOptions
{
    /// <summary>Maximum number of sale items with a label of their own in the metrics; all others are added up as <c>other</c>.</summary>
    [Range(1, 1_000)] public int MostItems { get; set; } = 100;
}
