using System.Diagnostics;
using Seckill.Shared.Hosting;

namespace Seckill.OrderService.Tests.Operations;

/// <summary>
/// A process that cannot do its work must say at start which setting is wrong, and end; not serve, and not with a stack trace. Only
/// a process of its own shows that.
/// </summary>
public sealed class StartTests
{
    private const string Secret = "0123456789-0123456789-0123456789";

    [Theory]
    [InlineData("Auth:BuyerTokenKey", "")]
    [InlineData("Auth:BuyerTokenKey", "too-short")]
    [InlineData("Auth:BuyerTokenKey", "development-only-buyer-token-signing-key")]
    [InlineData("Auth:UserIdClaim", "exp")]
    [InlineData("Auth:UserIdClaim", "two words")]
    [InlineData("Auth:UserIdClaim", "a\"b")]
    [InlineData("Auth:OpsKey", "")]
    [InlineData("Auth:OpsKey", "development-only-ops-key-0123456789")]
    [InlineData("Payments:SigningKey", "")]
    [InlineData("Payments:SigningKey", "too-short")]
    [InlineData("Payments:SigningKey", "development-only-payment-signing-key")]
    [InlineData("ConnectionStrings:Redis", "")]
    [InlineData("ConnectionStrings:Orders", "")]
    [InlineData("ConnectionStrings:RabbitMq", "")]
    [InlineData("ConnectionStrings:RabbitMq", "amqp://guest:guest@127.0.0.1:1,,127.0.0.1:2/")]
    [InlineData("ConnectionStrings:Orders", "Host=a,b;Target Session Attributes=prefer-standby")]
    [InlineData("ConnectionStrings:Orders", "Host=a;Port=none")]
    [InlineData("ConnectionStrings:Legacy", "Host=a,b;Target Session Attributes=any")]
    [InlineData("role", "cook")]
    [InlineData("Auth:OtherBuyerTokenKeys:0:Key", "too-short")]
    [InlineData("Auth:OtherBuyerTokenKeys:0:Key", "development-only-buyer-token-signing-key")]
    [InlineData("Payments:OtherSigningKeys:0", "too-short")]
    [InlineData("Payments:OtherSigningKeys:0", "development-only-payment-signing-key")]
    [InlineData("Auth:Authority", "http://login.example")]
    [InlineData("Auth:Operators:0:Name", "two words")]
    [InlineData("Management:Port", "")]
    [InlineData("Management:Port", "none")]
    [InlineData("Management:Port", "65536")]
    [InlineData("RateLimits:TrustedProxies:0", "proxy.example")]
    [InlineData("RateLimits:TrustedProxies:0", "1")]
    [InlineData("RateLimits:TrustedProxies:0", "1/8")]
    [InlineData("RateLimits:TrustedProxies:0", "10.0.0.0/33")]
    [InlineData("Cors:Origins:0", "")]
    [InlineData("Cors:Origins:0", "shop.example")]
    [InlineData("Cors:Origins:0", "https://shop.example/")]
    [InlineData("Cors:Origins:0", "https://shop.example/page")]
    [InlineData("Cors:Origins:0", "https://shop.example:443")]
    [InlineData("Cors:Origins:0", "https://Shop.example")]
    [InlineData("Cors:Origins:0", "https://*.shop.example")]
    [InlineData("Cors:Origins:0", "ftp://shop.example")]
    [InlineData("Cors:Origins:0", "null")]
    public async Task A_wrong_setting_stops_the_start_and_is_named(string setting, string value) => await RefusesAsync((setting, value));

    [Fact]
    public async Task All_origins_and_one_of_them_are_a_contradiction() =>
        await RefusesAsync(("Cors:Origins:1", "*"), ("Cors:Origins:0", "https://shop.example"));

    // Nothing listens there: the process must end before it connects. Broken by a check that believes `ssl=true` in a password.
    [Theory]
    [InlineData("ConnectionStrings:Redis", "127.0.0.1:1")]
    [InlineData("ConnectionStrings:Redis", "127.0.0.1:1,ssl=false")]
    [InlineData("ConnectionStrings:Orders", "Host=127.0.0.1;Port=1")]
    [InlineData("ConnectionStrings:Orders", "Host=127.0.0.1;Port=1;SSL Mode=Require")]
    [InlineData("ConnectionStrings:Orders", "Host=127.0.0.1;Port=1;SSL Mode=VerifyCA")]
    [InlineData("ConnectionStrings:Legacy", "Host=127.0.0.1;Port=1;SSL Mode=Prefer")]
    [InlineData("ConnectionStrings:RabbitMq", "amqp://guest:guest@127.0.0.1:1/?ssl=true")]
    [InlineData("Stores:AllowUnencrypted", "yes")]
    public async Task Outside_Development_a_store_that_is_not_encrypted_stops_the_start(string setting, string value)
    {
        (string, string)[] encrypted =
        [
            ("ConnectionStrings:Redis", "127.0.0.1:1,ssl=true"), ("ConnectionStrings:Orders", "Host=127.0.0.1;Port=1;SSL Mode=VerifyFull"),
            ("ConnectionStrings:Legacy", "Host=127.0.0.1;Port=1;SSL Mode=VerifyFull"),
            ("ConnectionStrings:RabbitMq", "amqps://guest:guest@127.0.0.1:1/"), ("Stores:AllowUnencrypted", ""),
        ];
        await RefusesAsync(
            (setting, value), [.. encrypted, .. setting.StartsWith("Stores", StringComparison.Ordinal) ? s_plain : []]);
    }

    private static readonly (string, string)[] s_plain = [("ConnectionStrings:Redis", "127.0.0.1:1")];

    // Broken by options that are read only when they are first needed.
    [Theory]
    [InlineData("Reservations:MaxBatch", "0")]
    [InlineData("Stop:DrainMilliseconds", "-1")]
    public async Task A_number_out_of_its_range_stops_the_start(string setting, string value)
    {
        var (exitCode, output) = await RunAsync((setting, value));
        Assert.Equal(1, exitCode);
        Assert.Matches($"OrderService cannot start\\. .*{setting.Split(':')[1]}", output);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    // Broken by a check that connects, listens, or refuses what the start accepts.
    [Theory]
    [InlineData("all")]
    [InlineData("api")]
    [InlineData("worker")]
    public async Task A_check_of_right_settings_ends_at_once(string role)
    {
        var (exitCode, output) = await RunAsync(
            ("role", role), ("ConnectionStrings:Redis", "127.0.0.1:1,127.0.0.1:2"), ("ConnectionStrings:Orders", "Host=127.0.0.1:1,b"),
            ("ConnectionStrings:Legacy", "Host=127.0.0.1:1,b"), ("ConnectionStrings:RabbitMq", "amqp://guest:guest@127.0.0.1:1,b/"));
        Assert.Equal((0, ""), (exitCode, output));
    }

    // What the check refuses, the start refuses: it makes the same check first.
    private static async Task RefusesAsync((string Name, string Value) wrong, params (string Name, string Value)[] others)
    {
        var (exitCode, output) = await RunAsync([.. others, wrong]);
        Assert.Equal(1, exitCode);
        Assert.Contains($"OrderService cannot start. The setting {wrong.Name} is ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params (string Name, string Value)[] settings)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Seckill.OrderService.dll");
        var start = new ProcessStartInfo("dotnet", [program, "--urls", "http://127.0.0.1:0", ServiceProgram.CheckSettings])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        start.Environment["Auth__BuyerTokenKey"] = start.Environment["Auth__OpsKey"] = start.Environment["Payments__SigningKey"] = Secret;
        start.Environment["Management__Port"] = "9";
        start.Environment["Stores__AllowUnencrypted"] = "true";
        start.Environment["ConnectionStrings__Redis"] = Servers.RedisConnection;
        start.Environment["ConnectionStrings__Orders"] = start.Environment["ConnectionStrings__Legacy"] = Servers.OrdersConnection;
        start.Environment["ConnectionStrings__RabbitMq"] = Servers.RabbitMqConnection;
        foreach (var (name, value) in settings)
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        using var process = Process.Start(start)!;
        try
        {
            var (error, output) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
            await process.WaitForExitAsync().InTime();
            return (process.ExitCode, await error + await output);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
