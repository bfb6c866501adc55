using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Alerts;

/// <summary>A Prometheus of one test with the rules of the repository, which looks every second; and when each alert first fired.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("seckill-prometheus-");
    private readonly ConcurrentDictionary<string, long> _fired = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly int _port = FreePort.Find();
    private readonly Process _process;
    private Task _watching = Task.CompletedTask;

    private PrometheusServer(IEnumerable<ServiceProcess> services)
    {
        var config = Path.Combine(_files.FullName, "prometheus.yml");
        File.WriteAllText(config, $"""
            global: {"{"} scrape_interval: 1s, evaluation_interval: 1s {"}"}
            rule_files: ["{Repository.Rules}"]
            scrape_configs:
              - job_name: seckill
                static_configs:
                  - targets: [{string.Join(", ", services.Select(service => $"\"{service.Url.Authority}\""))}]
            """);
        _process = Tool.Start(
            "prometheus", "--config.file", config, "--storage.tsdb.path", Path.Combine(_files.FullName, "data"),
            "--web.listen-address", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}"), "--log.level", "error");
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Alerts that have fired, with the moment (<see cref="Stopwatch"/>) at which that was seen.</summary>
    public IReadOnlyDictionary<string, long> Fired => _fired;

    /// <summary>Starts it; it has looked at every service when this ends.</summary>
    public static async Task<PrometheusServer> StartAsync(params ServiceProcess[] services)
    {
        var prometheus = new PrometheusServer(services);
        await Eventually.IsTrueAsync("Prometheus has scraped every service", async () =>
            await prometheus.AskAsync("query?query=sum(up)") is { } answer
            && answer.GetProperty("result").EnumerateArray().Any(sum =>
                sum.GetProperty("value")[1].GetString() == services.Length.ToString(CultureInfo.InvariantCulture)));
        prometheus._watching = Task.Run(prometheus.WatchAsync);
        return prometheus;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _stop.Dispose();
        _files.Delete(recursive: true);
    }

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            if (await AskAsync("alerts") is { } answer)
            {
                foreach (var alert in answer.GetProperty("alerts").EnumerateArray())
                {
                    if (alert.GetProperty("state").GetString() == "firing")
                    {
                        _fired.TryAdd(alert.GetProperty("labels").GetProperty("alertname").GetString()!, Stopwatch.GetTimestamp());
                    }
                }
            }

            await Task.Delay(200);
        }
    }

    private async Task<JsonElement?> AskAsync(string what)
    {
        try
        {
            var text = await s_http.GetStringAsync(new Uri($"http://127.0.0.1:{_port}/api/v1/{what}"));
            return JsonSerializer.Deserialize<JsonElement>(text).GetProperty("data");
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }
}
