using System.Globalization;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Chaos;

/// <summary>
/// The four servers of a series of runs: started the way ./seckill starts its own, by the same scripts, then killed, frozen and
/// started again. Their files survive a kill.
/// </summary>
internal sealed class ChaosServers : IAsyncDisposable
{
    // Two faults may end a server, and each starts it again.
    private readonly SemaphoreSlim _oneStartAtATime = new(1, 1);
    private readonly string _instance;
    private readonly IReadOnlyDictionary<string, string> _settings;

    private ChaosServers(string instance, IReadOnlyDictionary<string, string> settings) => (_instance, _settings) = (instance, settings);

    /// <summary>Where their files, logs and pids are.</summary>
    public string Directory => _settings["DIRECTORY"];

    /// <summary>A connection string, by the name of its setting.</summary>
    public string this[string setting] => _settings[setting];

    /// <summary>Whether this machine has the programs.</summary>
    public static bool AreInstalled =>
        File.Exists("/usr/lib/rabbitmq/bin/rabbitmq-server")
        && System.IO.Directory.Exists("/usr/lib/postgresql")
        && Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    /// <summary>Starts all four, empty.</summary>
    /// <param name="instance"><c>chaos</c> or <c>test-chaos</c>.</param>
    public static async Task<ChaosServers> StartAsync(string instance) =>
        new(instance, await ServersToKill.StartAsync(instance));

    /// <summary>kill -9. Processes of it that another fault has stopped go on first: they would keep the memory of a dead server.</summary>
    public void Kill(string server)
    {
        Resume(server);
        Signal.Kill.SendTo(ProcessOf(server));
    }

    /// <summary>SIGSTOP to all its processes.</summary>
    public void Pause(string server) => ToAll(server, Signal.Stop);

    /// <summary>SIGCONT to all its processes.</summary>
    public void Resume(string server) => ToAll(server, Signal.Continue);

    /// <summary>Starts it if it does not run, and waits until it answers.</summary>
    public Task StartAgainAsync(string server) => StartAfterAsync(server, () => Task.CompletedTask);

    /// <summary>kill -9, something with its files, and a new start, and no other start between.</summary>
    public Task KillForAsync(string server, Action touchFiles) => StartAfterAsync(server, async () =>
    {
        Kill(server);
        await Eventually.IsTrueAsync($"{server} is dead", () => !IsAlive(server));
        touchFiles();
    });

    /// <summary>The append-only file of Redis.</summary>
    public DirectoryInfo RedisFiles => new(Path.Combine(Directory, "redis", "appendonlydir"));

    /// <summary>Copies the files of Redis as they are at this moment, as a replica has its own.</summary>
    public DirectoryInfo CopyRedis()
    {
        var copy = System.IO.Directory.CreateTempSubdirectory("seckill-chaos-replica-");
        foreach (var file in RedisFiles.EnumerateFiles())
        {
            file.CopyTo(Path.Combine(copy.FullName, file.Name));
        }

        return copy;
    }

    /// <summary>Puts a copy in the place of the files; Redis does not run.</summary>
    public void ReplaceRedis(DirectoryInfo copy)
    {
        foreach (var file in RedisFiles.EnumerateFiles())
        {
            file.Delete();
        }

        foreach (var file in copy.EnumerateFiles())
        {
            file.CopyTo(Path.Combine(RedisFiles.FullName, file.Name));
        }

        copy.Delete(recursive: true);
    }

    public bool IsAlive(string server) =>
        File.Exists(Stat(ProcessOf(server))) && !Fields(Stat(ProcessOf(server))).State.Equals("Z", StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await ServersToKill.RunAsync(_instance, "wipe");
        _oneStartAtATime.Dispose();
    }

    private async Task StartAfterAsync(string server, Func<Task> before)
    {
        await _oneStartAtATime.WaitAsync();
        try
        {
            await before();
            if (!IsAlive(server))
            {
                await ServersToKill.RunAsync(_instance, "start", server);
            }
        }
        finally
        {
            _oneStartAtATime.Release();
        }
    }

    private static string Stat(int process) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat");

    private int ProcessOf(string server) =>
        int.Parse(File.ReadLines(Path.Combine(Directory, "pids", server)).First(), CultureInfo.InvariantCulture);

    // PostgreSQL is a process for each connection, in a group of its own.
    private void ToAll(string server, Signal signal)
    {
        var process = ProcessOf(server);
        signal.SendTo(process);
        foreach (var folder in new DirectoryInfo("/proc").EnumerateDirectories().Where(folder => char.IsAsciiDigit(folder.Name[0])))
        {
            if (Fields(Path.Combine(folder.FullName, "stat")).Parent == process)
            {
                signal.SendTo(int.Parse(folder.Name, CultureInfo.InvariantCulture));
            }
        }
    }

    private static (string State, int Parent) Fields(string stat)
    {
        try
        {
            // "pid (name) state parent": a name may have spaces.
            var text = File.ReadAllText(stat);
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return ("Z", 0);
        }
    }
}
