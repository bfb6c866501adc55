using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Processes;

namespace Seckill.OrderService.Tests.Operations;

/// <summary>
/// Promise: what reveals how a process is, and what changes it, does not stand where buyers call; and buyers' endpoints do not stand where
/// Prometheus calls. Broken by an endpoint without a listener, or by a listener that believes a header.
/// </summary>
public sealed class ManagementTests : IAsyncLifetime
{
    private readonly int _port = FreePort.Find();
    private ServiceProcess _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = ServiceProcess.Start("management", "OrderService", ["--role", "api"],
            ("ASPNETCORE_ENVIRONMENT", "Development"), ("DOTNET_ENVIRONMENT", "Development"),
            ("Management__Port", _port.ToString(CultureInfo.InvariantCulture)));
        await _service.BecomesAsync(200);
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task The_listener_of_buyers_reveals_nothing_of_the_process()
    {
        foreach (var path in new[] { "/metrics", "/METRICS/", "/openapi/v1.json", "/dual-write", "/dual-write/verifier", "/scalar/" })
        {
            // The host that it asks for is what the caller says.
            var answer = await AskAsync(_service.Url, "GET", path, host: $"127.0.0.1:{_port}");
            Assert.Equal((path, HttpStatusCode.NotFound), (path, answer.Status));
            Assert.Contains("\"code\":\"not-found\"", answer.Body, StringComparison.Ordinal);
        }

        var change = await AskAsync(_service.Url, "PUT", "/dual-write");
        Assert.Equal(HttpStatusCode.NotFound, change.Status);
        foreach (var path in new[] { "/health/live", "/health/ready", "/health/serving" })
        {
            var answer = await AskAsync(_service.Url, "GET", path);
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            Assert.Contains(answer.Body, (string[])["{\"status\":\"healthy\"}", "{\"status\":\"degraded\"}"]);
        }
    }

    [Fact]
    public async Task The_ops_listener_has_what_operators_need_and_nothing_of_buyers()
    {
        var ops = await _service.OpsUrlAsync();
        Assert.Equal(_port, ops.Port);
        foreach (var path in new[] { "/metrics", "/openapi/v1.json", "/dual-write", "/health/live", "/health/serving" })
        {
            Assert.Equal((path, HttpStatusCode.OK), (path, (await AskAsync(ops, "GET", path)).Status));
        }

        Assert.Contains("\"name\":\"redis\"", (await AskAsync(ops, "GET", "/health/ready")).Body, StringComparison.Ordinal);
        foreach (var (method, path) in new[]
        {
            ("POST", "/orders"), ("POST", "/Orders/"), ("GET", "/orders/1"), ("GET", "/orders?saleId=1"), ("POST", "/payments"),
            ("GET", "/sales"), ("GET", "/nowhere"), ("GET", "/"),
        })
        {
            Assert.Equal((path, HttpStatusCode.NotFound), (path, (await AskAsync(ops, method, path)).Status));
        }
    }

    [Fact]
    public async Task InventoryService_keeps_its_interface_where_it_was_and_reveals_the_process_at_the_ops_listener_alone()
    {
        var port = FreePort.Find();
        await using var inventory = ServiceProcess.Start("management", "InventoryService", [],
            ("ASPNETCORE_ENVIRONMENT", "Development"), ("DOTNET_ENVIRONMENT", "Development"),
            ("Sweeper__MinimumAgeMilliseconds", "600000"), ("Management__Port", port.ToString(CultureInfo.InvariantCulture)));
        await inventory.BecomesAsync(200);
        var ops = await inventory.OpsUrlAsync();
        foreach (var (path, isOps) in new[]
        {
            ("/", false), ("/sales", false), ("/refunds", false), ("/metrics", true), ("/openapi/v1.json", true),
        })
        {
            Assert.Equal(
                (path, isOps ? HttpStatusCode.NotFound : HttpStatusCode.OK), (path, (await AskAsync(inventory.Url, "GET", path)).Status));
            Assert.Equal((path, isOps ? HttpStatusCode.OK : HttpStatusCode.NotFound), (path, (await AskAsync(ops, "GET", path)).Status));
        }
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(Uri at, string method, string path, string? host = null)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(at, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentKeys.Ops);
        request.Headers.Host = host;
        using var answer = await http.SendAsync(request).InTime();
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
