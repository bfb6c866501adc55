using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench;

/// <summary>The shared parts of each benchmark: the system, its stores, the buyers' tokens, the load generator and the origin.</summary>
public sealed class BenchSession : IAsyncDisposable
{
    private readonly string _tokenFile = Path.Combine(Path.GetTempPath(), $"seckill-bench-{Environment.ProcessId}");
    private string[]? _tokens;

    private BenchSession(LoadTarget target, BenchOptions options, IAnsiConsole console, BenchSite site, HttpClient http) =>
        (Target, Options, Console, Site, Http) = (target, options, console, site, http);

    /// <summary>The system.</summary>
    public LoadTarget Target { get; }

    /// <summary>The command line.</summary>
    public BenchOptions Options { get; }

    /// <summary>Shows progress.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>The system's sales and stores.</summary>
    public BenchSite Site { get; }

    /// <summary>For metrics and health.</summary>
    public HttpClient Http { get; }

    /// <summary>Tokens of all buyers.</summary>
    public IReadOnlyList<string> Tokens => _tokens ??= Target.SignTokens(Options.Buyers);

    /// <summary>Connects to the stores.</summary>
    public static async Task<BenchSession> StartAsync(LoadTarget target, BenchOptions options, IAnsiConsole console)
    {
        var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        return new BenchSession(target, options, console, await BenchSite.ConnectAsync(target, http), http);
    }

    /// <summary>A file with all tokens, one per line.</summary>
    public async Task<string> WriteTokensAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine($"signing the tokens of {Amount.Text(Options.Buyers)} buyers");
        await File.WriteAllLinesAsync(_tokenFile, Tokens, cancellationToken);
        return _tokenFile;
    }

    /// <summary><c>wrk</c> where it is installed, otherwise the runner of <c>./seckill load</c>.</summary>
    public async Task<ILoadGenerator> CreateLoadAsync(CancellationToken cancellationToken) => WrkLoad.IsInstalled
        ? new WrkLoad(await WriteTokensAsync(cancellationToken), Options.Connections) : new EngineLoad(Tokens, Options.Connections);

    /// <summary>A runner of variants with a load.</summary>
    public VariantRunner CreateRunner(ILoadGenerator load) =>
        new(Site, load, Http, Options.Connections, BenchVariables.Required("BENCH_PIDS"));

    /// <summary>Where the figures are from.</summary>
    public async Task<BenchOrigin> OriginAsync()
    {
        var (redis, postgres, rabbitMq) = await Site.Stores.VersionsAsync(BenchVariables.Required("ConnectionStrings__RabbitMq"));
        return new BenchOrigin(
            TimeProvider.System.GetUtcNow(), BenchVariables.Read("BENCH_COMMAND", "./seckill bench"),
            BenchVariables.Read("BENCH_COMMIT", "unknown"),
            Machine.ReadOwn() with { Redis = redis, Postgres = postgres, RabbitMq = rabbitMq });
    }

    /// <summary>Shows broken promises.</summary>
    /// <returns>An exit code.</returns>
    public int Conclude(IReadOnlyCollection<string> violations)
    {
        foreach (var violation in violations)
        {
            Console.WriteLine("WRONG: " + violation);
        }

        return violations.Count == 0 ? ExitCode.Right : ExitCode.Wrong;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        File.Delete(_tokenFile);
        await Site.DisposeAsync();
        Http.Dispose();
    }
}
