namespace Seckill.Shared.Telemetry;

/// <summary>Name of this process in lists of connections and of processes.</summary>
public static class ProcessName
{
    /// <summary>Machine and process id: in a container every process is number 1.</summary>
    public static readonly string Unique = $"{Environment.MachineName}-{Environment.ProcessId}";
}
