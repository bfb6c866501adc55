using System.ComponentModel.DataAnnotations;

namespace Seckill.Shared.Hosting;

/// <summary>Settings under <c>Management</c>.</summary>
public sealed class ManagementOptions
{
    /// <summary>
    /// Port of the ops listener, on the addresses of `Urls`: metrics, health with details, OpenAPI and the dual write. Without it they are
    /// on the port of `Urls`, which is allowed in Development alone.
    /// </summary>
    [Range(1, 65_535)] public int? Port { get; set; }
}
