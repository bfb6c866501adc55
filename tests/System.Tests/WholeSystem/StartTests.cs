using System.Globalization;
using System.Net;
using Dapper;
using Seckill.Chaos;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: a process that is set up wrongly does not start, and says which setting it is. Broken by a default that nobody meant,
/// or by an error that shows up only at the first request. Only a process has an exit code.
/// </summary>
public sealed class StartTests(StoreConnections servers, ITestOutputHelper output)
{
    private static readonly (string, string?)[] s_production =
        [("ASPNETCORE_ENVIRONMENT", "Production"), ("DOTNET_ENVIRONMENT", "Production"), ("Management__Port", "9"),
            ("Stores__AllowUnencrypted", "true")];

    [Theory]
    [InlineData("OrderService", "Auth:BuyerTokenKey", DevelopmentKeys.BuyerToken)]
    [InlineData("OrderService", "Auth:BuyerTokenKey", null)]
    [InlineData("OrderService", "Auth:BuyerTokenKey", "too-short")]
    [InlineData("OrderService", "Auth:OpsKey", DevelopmentKeys.Ops)]
    [InlineData("OrderService", "Auth:OpsKey", null)]
    [InlineData("InventoryService", "Auth:OpsKey", DevelopmentKeys.Ops)]
    [InlineData("InventoryService", "Auth:OpsKey", null)]
    public async Task Outside_Development_a_key_that_everybody_knows_or_that_is_missing_stops_the_start(
        string project, string setting, string? value)
    {
        await using var installation = new Installation();
        var service = installation.Start("wrong", project, [],
            [
                .. s_production,
                ("Auth__BuyerTokenKey", "a-secret-of-this-installation-alone-1"), ("Auth__OpsKey", "a-secret-of-this-installation-alone-2"),
                (setting.Replace(":", "__", StringComparison.Ordinal), value),
            ]);

        Assert.NotEqual(0, await service.ExitsAsync());
        Assert.Contains(setting, await service.OutputAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_role_stops_the_start()
    {
        await using var installation = new Installation();
        var service = installation.Start("wrong", "OrderService", ["--role", "cashier"]);

        Assert.NotEqual(0, await service.ExitsAsync());
        Assert.Contains("cashier", await service.OutputAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Servers.RedisSetting)]
    [InlineData(Servers.RabbitMqSetting)]
    [InlineData(Servers.OrdersSetting)]
    public async Task A_missing_connection_string_stops_the_start(string setting)
    {
        await using var installation = new Installation();
        var service = installation.Start("wrong", "OrderService", [], (setting, null));

        Assert.NotEqual(0, await service.ExitsAsync());
        Assert.Contains(setting.Replace("__", ":", StringComparison.Ordinal), await service.OutputAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_service_starts_and_stops_when_it_is_told()
    {
        await using var installation = new Installation();
        Func<ServiceProcess>[] starts =
            [() => installation.StartApi(), () => installation.StartWorker(), () => installation.StartInventory()];
        foreach (var start in starts)
        {
            var service = start();
            var (sinceStart, _) = await service.BecomesAsync(200);
            Assert.Equal(0, await service.StopAsync());
            output.WriteLine($"{service.Name} was ready {sinceStart.TotalSeconds:0.00} s after its start.");
        }
    }

    [Theory]
    [InlineData("OrderService", "--role", "api")]
    [InlineData("InventoryService")]
    public async Task With_the_environment_of_its_image_a_service_listens_on_all_addresses(string project, params string[] arguments)
    {
        var image = (await File.ReadAllLinesAsync(Path.Combine(Checkout.Root, project, "Dockerfile")))
            .Where(line => line.StartsWith("ENV ", StringComparison.Ordinal)).SelectMany(line => line[4..].Split(' '))
            .Select(variable => variable.Split('=', 2));
        await using var installation = new Installation();
        // The port is taken perhaps; any other is as good.
        var service = installation.Start("in-its-image", project, arguments,
            [("Urls", null), .. image.Select(pair => (pair[0], (string?)pair[1].Replace(":8080", ":0", StringComparison.Ordinal)))]);
        await service.ListensAsync();
        Assert.True(service.Url.Host is "[::]" or "0.0.0.0", $"It listens on {service.Url}.");
        using var http = new HttpClient();
        Assert.Contains("healthy", await http.GetStringAsync(new UriBuilder(service.Url) { Host = "127.0.0.1", Path = "/health/live" }.Uri),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OrderService")]
    [InlineData("InventoryService")]
    public async Task The_health_check_of_an_image_tells_ready_from_not_and_asks_no_proxy(string project)
    {
        await using var installation = new Installation();
        var service = project == "OrderService" ? installation.StartApi() : installation.StartInventory();
        await service.BecomesAsync(200);
        var number = 0;
        // Docker gives every container the proxies of its user.
        Task<int> AskAsync(string path) => installation.Start(
            $"probe-{++number}", project, ["--health-check", new Uri(service.Url, path).ToString()],
            ("http_proxy", "http://127.0.0.1:1"), ("HTTP_PROXY", "http://127.0.0.1:1"),
            ("no_proxy", null), ("NO_PROXY", null)).ExitsAsync();
        Assert.Equal(0, await AskAsync("/health/ready"));
        Assert.Equal(1, await AskAsync("/health/nowhere"));
        await service.KillAsync();
        Assert.Equal(1, await AskAsync("/health/ready"));
    }

    [Fact]
    public async Task Until_the_schema_is_there_a_worker_is_not_ready_and_requests_are_told_to_come_again()
    {
        await using var installation = new Installation();
        var databases = await installation.CreateDatabasesAsync(servers);
        // Whoever brings the schema up to date holds this lock; here nobody gets on with it.
        await using var busy = await databases.Connections.Orders.OpenConnectionAsync();
        await busy.ExecuteAsync("select pg_advisory_lock(x'5ec0111'::int)");
        var (api, worker) = (installation.StartApi(databases.Settings), installation.StartWorker(databases.Settings));
        await Task.WhenAll(api.BecomesAsync(200), worker.ListensAsync());
        using var http = new HttpClient { BaseAddress = api.Url };
        await Eventually.IsTrueAsync("the worker waits for the schema alone", async () =>
        {
            using var ready = await http.GetAsync(new Uri(worker.Url, "/health/ready"));
            var health = await ready.Content.ReadAsStringAsync();
            return ready.StatusCode == HttpStatusCode.ServiceUnavailable
                && health.Contains("the schema migration is running", StringComparison.Ordinal)
                && !health.Contains("no answer", StringComparison.Ordinal);
        });
        http.DefaultRequestHeaders.Authorization = new("Bearer", DevelopmentKeys.Ops);
        using var answer = await http.GetAsync(new Uri("/dual-write", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.Seconds, 1, 3);
        await busy.ExecuteAsync("select pg_advisory_unlock_all()");
        await worker.BecomesAsync(200);
    }

    // Three warnings about tables at the first start of all would be the first thing that a newcomer reads.
    [Fact]
    public async Task At_the_first_start_no_process_warns_of_tables_that_are_not_there_yet()
    {
        await using var installation = new Installation();
        var databases = await installation.CreateDatabasesAsync(servers);
        // As when the schema takes a while.
        await using var busy = await databases.Connections.Orders.OpenConnectionAsync();
        await busy.ExecuteAsync("select pg_advisory_lock(x'5ec0111'::int)");
        ServiceProcess[] services =
        [
            installation.StartApi(databases.Settings), installation.StartWorker(databases.Settings),
            installation.StartInventory(databases.Settings),
        ];
        await Task.WhenAll(services.Select(service => service.ListensAsync()));
        await Eventually.IsTrueAsync("rounds came before their tables", async () => await busy.ExecuteScalarAsync<long>(
            "select xact_rollback from pg_stat_database where datname = current_database()") >= 10);
        await busy.ExecuteAsync("select pg_advisory_unlock_all()");
        await Installation.ReadyAsync(services);
        foreach (var service in services)
        {
            Assert.DoesNotContain("does not exist", await service.OutputAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_worker_killed_in_the_middle_of_the_schema_leaves_nothing_of_it_and_the_next_one_brings_all()
    {
        await using var installation = new Installation();
        var databases = await installation.CreateDatabasesAsync(servers);
        await using var holder = await databases.Connections.Orders.OpenConnectionAsync();
        // Within a transaction, what is going on looks as it did at the first look.
        await using var watch = await databases.Connections.Orders.OpenConnectionAsync();
        // A table of the third script is taken by a transaction that has not ended: that script waits, the first two have run.
        await using var transaction = await holder.BeginTransactionAsync();
        await holder.ExecuteAsync("create table legacy_discrepancies ()");
        const string Others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        var killed = installation.StartWorker(databases.Settings);
        await Eventually.IsTrueAsync(
            "the worker is in the middle of the schema",
            async () => await watch.ExecuteScalarAsync<long>(Others + " and wait_event_type = 'Lock'") == 1);

        await killed.KillAsync();
        await transaction.RollbackAsync();

        await Eventually.IsTrueAsync(
            "PostgreSQL has noticed it", async () => await watch.ExecuteScalarAsync<long>(Others + " and state <> 'idle'") == 0);
        Assert.Equal(0, await watch.ExecuteScalarAsync<long>("select count(*) from pg_tables where schemaname = 'public'"));
        await installation.StartWorker(databases.Settings).BecomesAsync(200);
        Assert.Equal(1, await watch.ExecuteScalarAsync<long>("select count(distinct applied_at) from schema_version"));
    }

    [Theory]
    [InlineData("OrderService")]
    [InlineData("InventoryService")]
    public async Task The_reference_of_the_interface_is_there_in_Development_alone_and_names_no_other_server(string project)
    {
        await using var installation = new Installation();
        var development = installation.Start("development", project, []);
        const string Secret = "a-secret-of-this-installation-alone";
        var production = installation.Start("production", project, [],
            [.. s_production, ("Auth__BuyerTokenKey", Secret + 1), ("Auth__OpsKey", Secret + 2), ("Payments__SigningKey", Secret + 3),
                ("Management__Port", FreePort.Find().ToString(CultureInfo.InvariantCulture))]);
        await Task.WhenAll(development.ListensAsync(), production.ListensAsync());
        using var http = new HttpClient();

        var page = await http.GetStringAsync(new Uri(development.Url, "/scalar/"));
        Assert.Contains("openapi/v1.json", page, StringComparison.Ordinal);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        foreach (var path in new[] { "/scalar", "/scalar/", "/scalar/v1", "/scalar/scalar.js" })
        {
            using var answer = await http.GetAsync(new Uri(await production.OpsUrlAsync(), path));
            Assert.Equal((path, HttpStatusCode.NotFound), (path, answer.StatusCode));
        }

        using var description = await http.GetAsync(new Uri(await production.OpsUrlAsync(), "/openapi/v1.json"));
        Assert.Equal(HttpStatusCode.OK, description.StatusCode);
    }
}
