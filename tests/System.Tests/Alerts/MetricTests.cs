using System.Text.RegularExpressions;

namespace Seckill.System.Tests.Alerts;

/// <summary>
/// The page that a scrape reads, after a real sale: Prometheus' own tool takes it, and everything that an alert or a panel asks for
/// is on it. An alert on a metric that does not exist never fires, and looks well.
/// </summary>
[Collection(AfterASmallSale.Name)]
public sealed partial class MetricTests(SmallSale sale)
{
    private const int MostSamples = 3_000;

    [Fact]
    public async Task Promtool_takes_every_line_and_has_nothing_to_say_about_ours()
    {
        foreach (var service in new[] { sale.Api, sale.Worker, sale.Inventory })
        {
            var page = await SmallSale.ScrapeAsync(service);
            var (code, output) = await Tool.RunAsync("promtool", page, "check", "metrics");
            // 3 is advice on names, and those of libraries are not ours to choose.
            Assert.True(code is 0 or 3, $"{service.Name}: {output}");
            Assert.DoesNotContain(output.Split('\n'), line => line.StartsWith("seckill_", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Every_metric_that_an_alert_or_a_panel_reads_is_there()
    {
        string[] read =
        [
            .. Repository.Alerts.Select(alert => alert.Expression).Concat(Repository.DashboardExpressions())
                .SelectMany(Repository.Metrics).Distinct(),
        ];
        Assert.InRange(read.Length, 30, 300);
        string[] missing = [];
        await Eventually.IsTrueAsync($"every metric is there", async () =>
        {
            var pages = await Task.WhenAll(new[] { sale.Api, sale.Worker, sale.Inventory }.Select(SmallSale.ScrapeAsync));
            var names = pages.SelectMany(page => Sample().Matches(page)).Select(match => match.Value).ToHashSet();
            missing = [.. read.Where(name => !names.Contains(name))];
            return missing.Length == 0;
        }, TimeSpan.FromSeconds(15)).ContinueWith(waited => Assert.True(waited.IsCompletedSuccessfully, string.Join(' ', missing)));
    }

    [Fact]
    public async Task The_server_s_own_durations_have_buckets_where_most_answers_fall() =>
        Assert.Matches(
            @"\nhttp_server_request_duration_seconds_bucket\{.*http_route=""/orders"".*,le=""0\.001""\} ",
            await SmallSale.ScrapeAsync(sale.Api));

    [Fact]
    public async Task No_label_names_a_buyer_an_order_or_a_connection()
    {
        foreach (var service in new[] { sale.Api, sale.Worker, sale.Inventory })
        {
            var page = await SmallSale.ScrapeAsync(service);
            Assert.DoesNotContain(sale.LoneOrder.OrderId, page, StringComparison.Ordinal);
            Assert.DoesNotContain($"\"{sale.LoneOrder.UserId}\"", page, StringComparison.Ordinal);
            Assert.DoesNotContain("Host=", page, StringComparison.Ordinal);
            Assert.InRange(page.Split('\n').Length, 50, MostSamples);
        }
    }

    [Fact]
    public async Task A_collector_gets_the_metrics_and_logs_of_every_service()
    {
        await Eventually.IsTrueAsync("metrics and logs of both services have arrived", () =>
            sale.Receiver.Metrics.GetValueOrDefault("seckill.reservations") == "seckill.order-service"
            && sale.Receiver.Metrics.GetValueOrDefault("seckill.outbox.depth") == "seckill.inventory-service"
            && sale.Receiver.Logs.Distinct().Count() == 2);
    }

    [GeneratedRegex(@"^[a-z_][a-z0-9_]*(?=[ {])", RegexOptions.Multiline)]
    private static partial Regex Sample();
}
