using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Dapper;
using Npgsql;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// A PostgreSQL server of one scenario alone, from Debian's package, that can be stopped in the middle of whatever it does (SIGSTOP):
/// connections stay open, new ones are taken by the kernel, and nobody ever answers.
/// </summary>
internal sealed class OwnPostgres : IAsyncDisposable
{
    private const int Quit = 3;
    private const int Stop = 19;
    private const int Continue = 18;
    private readonly string _programs;
    private readonly DirectoryInfo _files;
    private readonly Process _server;
    private readonly int _port = FreePort.Find();

    private OwnPostgres(string programs, DirectoryInfo files, bool isEncrypted)
    {
        (_programs, _files) = (programs, files);
        var settings = ($"port={_port} listen_addresses=127.0.0.1 unix_socket_directories= max_connections=100"
            + (isEncrypted
                ? $" ssl=on ssl_cert_file={Own("server.pem")} ssl_key_file={Own("server.key")} hba_file={Own("hba.conf")}"
                : "")).Split(' ');
        _server = Start(
            Path.Combine(programs, "postgres"), ["-D", Data(files), .. settings.SelectMany(setting => new[] { "-c", setting })]);
        ConnectionString = $"Host=127.0.0.1;Port={_port};Username=postgres;Database=postgres;Timeout=10"
            + (isEncrypted ? ";SSL Mode=Require" : "");
    }

    /// <summary>For whoever may do anything there.</summary>
    public string ConnectionString { get; }

    /// <summary>Host and port, as in a list of hosts.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    /// <summary>Starts it.</summary>
    /// <param name="own">Its certificate and the key of it, PEM: then it speaks TLS and nothing else.</param>
    public static async Task<OwnPostgres> StartAsync((string Certificate, string Key)? own = null)
    {
        var programs = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetFiles("/usr/lib/postgresql", "initdb", SearchOption.AllDirectories).Order().LastOrDefault() : null;
        Assert.SkipWhen(programs is null, "This needs the programs of a PostgreSQL server, to start and to stop.");
        var files = await CreateFolderAsync();
        await RunAsync(Start(
            programs, ["-D", Data(files), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]));
        if (own is { } tls)
        {
            // It refuses a key that others can read.
            string[] owner = Environment.UserName == "root" ? ["-o", "postgres"] : [];
            await RunAsync(Process.Start("install", [.. owner, "-m", "600", tls.Certificate, tls.Key, files.FullName]));
            await File.WriteAllTextAsync(Path.Combine(files.FullName, "hba.conf"), "hostssl all all 127.0.0.1/32 trust\n");
        }

        var server = new OwnPostgres(Path.GetDirectoryName(programs)!, files, own is not null);
        await Eventually.IsTrueAsync("PostgreSQL answers", server.AnswersAsync);
        return server;
    }

    /// <summary>A standby that follows this server, which from now on confirms no commit that the standby does not have.</summary>
    public async Task<OwnPostgres> StartStandbyAsync()
    {
        var files = await CreateFolderAsync();
        await RunAsync(Start(
            Path.Combine(_programs, "pg_basebackup"),
            [
                "-D", Data(files), "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture), "-U", "postgres", "-R",
                "-X", "stream", "-c", "fast", "--no-sync",
            ]));
        var standby = new OwnPostgres(_programs, files, false);
        await Eventually.IsTrueAsync("the standby answers", standby.AnswersAsync);
        await ExecuteAsync("alter system set synchronous_standby_names = '*'");
        await ExecuteAsync("select pg_reload_conf()");
        await Eventually.IsTrueAsync("the standby follows", async () =>
        {
            await using var server = new NpgsqlConnection(ConnectionString);
            return await server.ExecuteScalarAsync<bool>("select exists (select from pg_stat_replication where sync_state = 'sync')");
        });
        return standby;
    }

    /// <summary>Makes a standby the primary; ends when it is.</summary>
    public Task PromoteAsync() => ExecuteAsync("select pg_promote()");

    /// <summary>An empty database.</summary>
    public Task CreateDatabaseAsync(string name) => ExecuteAsync($"create database {name}");

    /// <summary>It ends at once, as in a crash.</summary>
    public async Task KillAsync()
    {
        Signal([_server.Id], Quit);
        await _server.WaitForExitAsync();
    }

    /// <summary>From here on it does nothing at all. The postmaster first, so that it has no more children.</summary>
    public void Freeze()
    {
        Signal([_server.Id], Stop);
        Signal(Children(), Stop);
    }

    public void Resume() => Signal([_server.Id, .. Children()], Continue);

    public async ValueTask DisposeAsync()
    {
        if (!_server.HasExited)
        {
            Resume();
            await KillAsync();
        }

        _server.Dispose();
        _files.Delete(recursive: true);
    }

    private static async Task<DirectoryInfo> CreateFolderAsync()
    {
        var files = Directory.CreateTempSubdirectory("seckill-postgres-");
        if (Environment.UserName == "root")
        {
            await RunAsync(Process.Start("chown", ["postgres:", files.FullName]));
        }

        return files;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var server = new NpgsqlConnection(ConnectionString);
        await server.ExecuteAsync(sql);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private string Own(string name) => Path.Combine(_files.FullName, name);

    private static string Data(DirectoryInfo files) => Path.Combine(files.FullName, "data");

    // PostgreSQL refuses to run as root; its user comes with the package.
    private static Process Start(string program, string[] arguments) => Process.Start(
        Environment.UserName == "root"
            ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", program, .. arguments])
            : new ProcessStartInfo(program, arguments))!;

    private static async Task RunAsync(Process process)
    {
        using (process)
        {
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
        }
    }

    // The fourth word of /proc/N/stat is the parent; the second is a name in parentheses, which may have spaces.
    private List<int> Children() =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0 && ParentOf(id) == _server.Id),
    ];

    private static int ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return 0;
        }
    }

    private static void Signal(List<int> processes, int signal)
    {
        foreach (var process in processes)
        {
            _ = SendSignal(process, signal);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);
}
