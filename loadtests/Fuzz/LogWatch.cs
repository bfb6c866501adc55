using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seckill.Fuzz;

/// <summary>
/// Finds lines of the level Error or Critical in the logs of the services, from now on. Understands their JSON, and the lines that they
/// write in Development. The auditor's report of an item that an operator's rebuild has stopped is none of them.
/// </summary>
internal sealed partial class LogWatch
{
    private const string StoppedByRebuild = "1 findings: stock-lost";
    private readonly Dictionary<string, long> _read;

    /// <param name="files">Logs that exist.</param>
    public LogWatch(IEnumerable<string> files) => _read = files.ToDictionary(file => file, file => new FileInfo(file).Length);

    /// <summary>New error lines since the last call.</summary>
    public IReadOnlyList<string> NewErrors()
    {
        var errors = new List<string>();
        foreach (var (file, from) in _read.Where(entry => new FileInfo(entry.Key).Length > entry.Value).ToArray())
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            stream.Seek(from, SeekOrigin.Begin);
            var text = new StreamReader(stream).ReadToEnd();
            // A line that is still being written is read the next time.
            var whole = text[..(text.LastIndexOf('\n') + 1)];
            _read[file] = from + System.Text.Encoding.UTF8.GetByteCount(whole);
            errors.AddRange(whole.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(IsError)
                .Select(line => $"{Path.GetFileName(file)}: {line}"));
        }

        return errors;
    }

    // What is no JSON is written by the runtime, when a process dies.
    private static bool IsError(string line)
    {
        try
        {
            using var entry = JsonDocument.Parse(line);
            return entry.RootElement.TryGetProperty("LogLevel", out var level) && level.GetString() is "Error" or "Critical"
                && !line.Contains(StoppedByRebuild, StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return line.Contains("Unhandled exception", StringComparison.Ordinal)
                || (ErrorInDevelopment().IsMatch(line) && !line.Contains(StoppedByRebuild, StringComparison.Ordinal));
        }
    }

    [GeneratedRegex(@"^\S+ (?:fail|crit): ")]
    private static partial Regex ErrorInDevelopment();
}
