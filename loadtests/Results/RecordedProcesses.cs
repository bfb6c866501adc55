using System.Globalization;

namespace Seckill.LoadTests.Results;

/// <summary>The processes of a system that <c>./seckill</c> started.</summary>
internal static class RecordedProcesses
{
    /// <summary>Their names by pid.</summary>
    /// <param name="directory">A file for each process: its name, with the pid in the first line.</param>
    public static IReadOnlyDictionary<int, string> Read(string directory) =>
        Directory.EnumerateFiles(directory)
            .Select(file => (Name: Path.GetFileName(file), Pid: File.ReadLines(file).FirstOrDefault()))
            .Where(record => int.TryParse(record.Pid, out _))
            .ToDictionary(record => int.Parse(record.Pid!, CultureInfo.InvariantCulture), record => record.Name);
}
