using System.ComponentModel.DataAnnotations;

namespace Seckill.Shared.Operators;

/// <summary>Settings under <c>OpsAccess</c>.</summary>
public sealed class OperatorAccessOptions
{
    /// <summary>How long a sign-in to the dashboard lasts, minutes.</summary>
    [Range(1, 1_440)] public int SessionMinutes { get; set; } = 480;

    /// <summary>
    /// Wrong keys that an address may send at once, and afterwards one a second; more get 429 and no line in the log. A right key is
    /// always accepted, so no neighbour can lock an operator out.
    /// </summary>
    [Range(1, 1_000_000)] public int FailureBurst { get; set; } = 60;
}
