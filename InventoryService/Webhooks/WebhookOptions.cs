using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Webhooks;

/// <summary>Settings under <c>Webhooks</c>.</summary>
public sealed class WebhookOptions
{
    /// <summary>How long an endpoint may take to answer, milliseconds.</summary>
    [Range(100, 60_000)] public int TimeoutMilliseconds { get; set; } = 5_000;

    /// <summary>Pause after the first failed attempt, milliseconds. It doubles with each further one.</summary>
    [Range(10, 60_000)] public int FirstPauseMilliseconds { get; set; } = 1_000;

    /// <summary>Longest pause between two attempts, seconds.</summary>
    [Range(1, 86_400)] public int LongestPauseSeconds { get; set; } = 300;

    /// <summary>Hours without a successful attempt after which an endpoint counts as dead and is not tried any more.</summary>
    [Range(1, 720)] public int DeadAfterHours { get; set; } = 72;
}
