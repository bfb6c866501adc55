using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Tests.Settings;

/// <summary>A process with a key that everybody knows must not start outside Development, and must say which setting is wrong.</summary>
public sealed class SettingsTests
{
    private const string Path = "Auth:BuyerTokenKey";
    private const string Default = "a-development-value-that-all-know";
    private const string Secret = "0123456789-0123456789-0123456789";

    [Fact]
    public void Development_alone_has_a_default()
    {
        Assert.Equal(Default, Read(null, "Development"));
        Assert.Equal(Default, Read("", "Development"));
        Assert.Equal(Default, Read(Default, "Development"));
        Assert.Equal(Secret, Read(Secret, "Development"));
    }

    [Theory]
    [InlineData(null, "missing", "Production")]
    [InlineData("", "missing", "Production")]
    [InlineData(null, "missing", "Staging")]
    [InlineData("0123456789012345678901234567890", "too short", "Production")]
    [InlineData("0123456789012345678901234567890", "too short", "Development")]
    [InlineData(Default, "development default", "Production")]
    [InlineData(Default, "development default", "Staging")]
    public void A_weak_secret_is_refused_by_name(string? value, string reason, string environment)
    {
        var error = Assert.Throws<InvalidSettingException>(() => Read(value, environment));
        Assert.Contains("Auth:BuyerTokenKey", error.Message, StringComparison.Ordinal);
        Assert.Contains("Auth__BuyerTokenKey", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_does_not_show_the_secret()
    {
        var error = Assert.Throws<InvalidSettingException>(() => Read("short-and-secret", "Production"));
        Assert.DoesNotContain("short-and-secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_of_32_characters_is_accepted_outside_Development() => Assert.Equal(Secret, Read(Secret, "Production"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void A_missing_connection_string_is_named(string? value)
    {
        var error = Assert.Throws<InvalidSettingException>(
            () => Configuration("ConnectionStrings:Redis", value).RequiredConnectionString("Redis"));
        Assert.Contains("ConnectionStrings:Redis", error.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings__Redis", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_string_is_read() =>
        Assert.Equal("host:1", Configuration("ConnectionStrings:Redis", "host:1").RequiredConnectionString("Redis"));

    private static string Read(string? value, string environment) =>
        Configuration(Path, value).RequiredSecret(new NamedEnvironment(environment), Path, Default);

    private static IConfiguration Configuration(string path, string? value) =>
        new ConfigurationBuilder().AddInMemoryCollection([new(path, value)]).Build();

    private sealed class NamedEnvironment(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;

        public string ApplicationName { get; set; } = "";

        public string ContentRootPath { get; set; } = "";

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
