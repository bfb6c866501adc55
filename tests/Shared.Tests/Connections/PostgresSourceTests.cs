using Npgsql;
using Seckill.Shared.Connections;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: of several PostgreSQL hosts a process uses the primary, because every role writes; a string that may lead to a standby stops
/// the start. That pools forget a host which became read-only is tested where payments meet it, in ReadOnlyDatabaseTests.
/// </summary>
public sealed class PostgresSourceTests
{
    [Theory]
    [InlineData("Host=a", null)]
    [InlineData("Host=a;Target Session Attributes=Any", "any")]
    [InlineData("Host=a,b:5433", "primary")]
    [InlineData("Host=a,b;Target Session Attributes=Primary", "primary")]
    [InlineData("Host=a,b;Target Session Attributes=read-write", "read-write")]
    public void The_primary_of_several_hosts_is_used(string given, string? attributes) =>
        Assert.Equal(attributes, Settings(given).TargetSessionAttributes);

    [Theory]
    [InlineData("Host=a,b;Target Session Attributes=any")]
    [InlineData("Host=a,b;Target Session Attributes=standby")]
    [InlineData("Host=a,b;Target Session Attributes=prefer-standby")]
    [InlineData("Host=a,b;Target Session Attributes=prefer-primary")]
    [InlineData("Host=a,b;Target Session Attributes=read-only")]
    [InlineData("Host=a;Target Session Attributes=standby")]
    [InlineData("Host=a;Target Session Attributes=primary")]
    [InlineData("Host=a,b;Target Session Attributes=nonsense")]
    [InlineData("Host=a;Port=none")]
    [InlineData("a,b")]
    public void What_may_lead_to_a_standby_or_cannot_be_read_is_refused(string given)
    {
        var refusal = Assert.Throws<InvalidSettingException>(() => Settings(given));
        Assert.StartsWith("The setting ConnectionStrings:Orders is ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_connection_string_overrides_the_defaults() =>
        Assert.Equal((7, 3), (Settings("Host=a;Maximum Pool Size=7").MaxPoolSize, Settings("Host=a").Timeout));

    private static NpgsqlConnectionStringBuilder Settings(string given) =>
        PostgresSource.Settings("Orders", "Maximum Pool Size=20;Timeout=3;", given);
}
