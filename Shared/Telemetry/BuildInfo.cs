using System.Diagnostics.Metrics;
using System.Reflection;

namespace Seckill.Shared.Telemetry;

/// <summary>Which version runs: the one of Directory.Build.props, and the commit it was built from.</summary>
public static class BuildInfo
{
    private static readonly string[] s_parts =
        (typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "").Split('+', 2);

    private static readonly Meter s_meter = new(Measurements.Name);

    // Once, however many hosts a process has.
    private static readonly ObservableGauge<int> s_gauge = s_meter.CreateObservableGauge(
        "seckill.build.info", () => new Measurement<int>(1, new("version", Version), new("revision", Revision)), null,
        "The version and the commit of this process, as labels; always 1.");

    /// <summary>As in <c>1.0.0</c>.</summary>
    public static string Version => s_parts[0];

    /// <summary>The commit; <c>unknown</c> when it was built outside a repository.</summary>
    public static string Revision => s_parts is [_, { Length: > 0 } commit] ? commit : "unknown";

    /// <summary>Makes the version a metric: a dashboard then shows which processes still run the old one.</summary>
    internal static void Publish() => _ = s_gauge;
}
