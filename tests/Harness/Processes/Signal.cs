using System.Runtime.InteropServices;

namespace Seckill.Tests.Harness.Processes;

/// <summary>A signal of Linux.</summary>
internal sealed class Signal
{
    public static readonly Signal Kill = new(9);
    public static readonly Signal Terminate = new(15);
    public static readonly Signal Continue = new(18);
    public static readonly Signal Stop = new(19);
    private readonly int _number;

    public Signal(int number) => _number = number;

    /// <returns>False when there is no such process.</returns>
    public bool SendTo(int processId) => Send(processId, _number) == 0;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Send(int processId, int signal);
}
