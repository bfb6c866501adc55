using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Seckill.LoadTests;
using Seckill.Microbenchmarks;

// Time and bytes of single parts. `./seckill bench micro` starts what they need and calls this with a directory for the report.
const double MinimumSaved = 0.9;
if (args.Length != 1)
{
    await Console.Error.WriteLineAsync("One argument: the directory for microbenchmarks.md.");
    return ExitCode.Usage;
}

// In this process, for the feed of a build machine may lack what a generated project would restore.
var config = ManualConfig.CreateEmpty()
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(4).WithIterationCount(8))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddLogger(ConsoleLogger.Default)
    .WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile)
    .WithArtifactsPath(Path.Combine(Path.GetTempPath(), $"seckill-micro-{Environment.ProcessId}"));
var summary = BenchmarkRunner.Run([typeof(OwnCodeBenchmarks), typeof(TokenBenchmarks), typeof(BatcherBenchmarks)], config)[0];
var report = new AccumulationLogger();
MarkdownExporter.GitHub.ExportToLog(summary, report);
if (summary.HasCriticalValidationErrors || summary.Reports.Any(run => !run.Success))
{
    return ExitCode.Wrong;
}

var (pooled, unpooled) = (Bytes(pooling: true), Bytes(pooling: false));
var ownCode = string.Create(
    CultureInfo.InvariantCulture,
    $"Own code, bytes a request: {pooled:N0} pooled, {unpooled:N0} unpooled, {1 - (pooled / unpooled):P1} fewer (bar: {MinimumSaved:P0}).");
Directory.CreateDirectory(args[0]);
await File.WriteAllTextAsync(
    Path.Combine(args[0], "microbenchmarks.md"),
    $"# Single parts\n\nWritten by `./seckill bench micro`; nothing here is typed by hand.\n{ownCode}\n{report.GetLog()}");
Console.WriteLine(ownCode);
return ExitCode.Right;

double Bytes(bool pooling)
{
    var run = summary.Reports.Single(run => run.BenchmarkCase.Descriptor.Type == typeof(OwnCodeBenchmarks)
        && (bool)run.BenchmarkCase.Parameters["Pooling"] == pooling);
    return run.GcStats.GetBytesAllocatedPerOperation(run.BenchmarkCase)!.Value;
}
