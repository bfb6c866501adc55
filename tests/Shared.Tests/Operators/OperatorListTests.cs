using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Time.Testing;
using Seckill.Shared.Operators;
using Seckill.Shared.Security;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Tests.Operators;

/// <summary>
/// Promise: operators are people with roles, keys that end, and a second key while the first is changed; the shared key goes on until it is
/// retired. Broken by a key that is kept in the clear, that outlives its end, or by an entry that is half read.
/// </summary>
public sealed class OperatorListTests
{
    private const string Secret = "0123456789-0123456789-0123456789";
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 27, 9, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_person_has_a_role_and_as_many_keys_as_needed()
    {
        var operators = Read(
            ("Auth:OpsKey", Secret), ("Auth:Operators:0:Name", "ada"), ("Auth:Operators:0:Role", "viewer"),
            ("Auth:Operators:0:KeySha256", Hash("old")), ("Auth:Operators:1:Name", "ada"), ("Auth:Operators:1:Role", "operator"),
            ("Auth:Operators:1:KeySha256", Hash("new")));
        Assert.Equal(("ada", OperatorRole.Viewer), Found(operators, "old"));
        Assert.Equal(("ada", OperatorRole.Operator), Found(operators, "new"));
        Assert.Equal(("ops", OperatorRole.Admin), Found(operators, Secret));
        Assert.Null(operators.Find(Hash("old")));
        Assert.Null(operators.Find(""));
    }

    [Fact]
    public void A_key_ends_at_its_time()
    {
        var operators = Read(
            ("Auth:OpsKey", Secret), ("Auth:Operators:0:Name", "ada"), ("Auth:Operators:0:Role", "admin"),
            ("Auth:Operators:0:KeySha256", Hash("key")), ("Auth:Operators:0:ExpiresAt", "2026-11-27T10:00:00Z"));
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull(operators.Find("key"));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(operators.Find("key"));
        Assert.NotNull(operators.Find(Secret));
    }

    [Fact]
    public void The_shared_key_may_be_retired_once_there_is_an_admin_with_a_name()
    {
        (string, string?)[] ada = [("Auth:Operators:0:Name", "ada"), ("Auth:Operators:0:KeySha256", Hash("key"))];
        Assert.Null(Read([.. ada, ("Auth:Operators:0:Role", "admin")]).Find(DevelopmentKeys.Ops));
        var error = Assert.Throws<InvalidSettingException>(() => Read([.. ada, ("Auth:Operators:0:Role", "operator")]));
        Assert.Contains("Auth:OpsKey", error.Message, StringComparison.Ordinal);
        Assert.Contains("Messages:SigningKey", Assert.Throws<InvalidSettingException>(
            () => InstallationSecret.Of(Settings([.. ada]), Environment())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Name", "")]
    [InlineData("Name", "ops")]
    [InlineData("Name", "two words")]
    [InlineData("Role", "")]
    [InlineData("Role", "1")]
    [InlineData("Role", "root")]
    [InlineData("KeySha256", "")]
    [InlineData("KeySha256", "the-key-itself-of-exactly-sixty-four-characters-0123456789-01234")]
    [InlineData("ExpiresAt", "tomorrow")]
    public void An_entry_that_is_not_complete_stops_the_start_and_is_named(string member, string value)
    {
        (string Name, string? Value)[] entry =
        [
            ("Auth:OpsKey", Secret), ("Auth:Operators:0:Name", "ada"), ("Auth:Operators:0:Role", "admin"),
            ("Auth:Operators:0:KeySha256", Hash("key")),
        ];
        var error = Assert.Throws<InvalidSettingException>(() => Read([.. entry, ("Auth:Operators:0:" + member, value)]));
        Assert.Contains($"Auth:Operators:0:{member} is ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_people_cannot_have_one_key() => Assert.Throws<InvalidSettingException>(() => Read(
        ("Auth:OpsKey", Secret), ("Auth:Operators:0:Name", "ada"), ("Auth:Operators:0:Role", "admin"),
        ("Auth:Operators:0:KeySha256", Hash("key")), ("Auth:Operators:1:Name", "bob"), ("Auth:Operators:1:Role", "viewer"),
        ("Auth:Operators:1:KeySha256", Hash("key").ToUpperInvariant())));

    private static (string, OperatorRole)? Found(OperatorList operators, string key) =>
        operators.Find(key) is { } one ? (one.Name, one.Role) : null;

    private OperatorList Read(params (string Name, string? Value)[] settings) => new(Settings(settings), Environment(), _clock);

    private static HostingEnvironment Environment() => new() { EnvironmentName = Environments.Production };

    // The last value of a setting counts.
    private static IConfiguration Settings((string Name, string? Value)[] settings)
    {
        var builder = new ConfigurationBuilder();
        foreach (var (name, value) in settings)
        {
            builder.AddInMemoryCollection(new Dictionary<string, string?> { [name] = value });
        }

        return builder.Build();
    }

    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
