using Npgsql;
using Seckill.Shared.Schema;

namespace Seckill.Shared.Tests.Schema;

/// <summary>
/// A worker quarantines an order only when the data is at fault; a request gets 503, and its caller retries, only when PostgreSQL is
/// unavailable. An error in the wrong class loses orders to the quarantine, or retries without end.
/// </summary>
public sealed class PostgresErrorsTests
{
    [Theory]
    [InlineData("08006", true, false)]
    [InlineData("25006", true, false)]
    [InlineData("25P03", true, false)]
    [InlineData("28000", true, false)]
    [InlineData("28P01", true, false)]
    [InlineData("3D000", true, false)]
    [InlineData("40001", true, false)]
    [InlineData("40P01", true, false)]
    [InlineData("53100", true, false)]
    [InlineData("53300", true, false)]
    [InlineData("57014", true, false)]
    [InlineData("57P01", true, false)]
    [InlineData("55000", true, false)]
    [InlineData("55P03", true, false)]
    [InlineData("57P02", true, false)]
    [InlineData("57P03", true, false)]
    [InlineData("57P05", true, false)]
    [InlineData("58030", true, false)]
    [InlineData("42P01", true, false)]
    [InlineData("42703", true, false)]
    [InlineData("42883", true, false)]
    [InlineData("22003", false, true)]
    [InlineData("22P02", false, true)]
    [InlineData("23505", false, true)]
    [InlineData("23514", false, true)]
    [InlineData("42501", false, false)]
    [InlineData("42601", false, false)]
    [InlineData("XX000", false, false)]
    public void A_code_is_unavailability_a_fault_of_the_data_or_neither(string sqlState, bool unavailable, bool faultOfData)
    {
        var exception = new PostgresException("message", "ERROR", "ERROR", sqlState);
        Assert.Equal(
            (unavailable, faultOfData), (PostgresErrors.IsUnavailable(exception), PostgresErrors.IsFaultOfData(exception)));
    }

    [Fact]
    public void What_the_client_itself_reports_is_unavailability()
    {
        Assert.True(PostgresErrors.IsUnavailable(new TimeoutException()));
        Assert.True(PostgresErrors.IsUnavailable(new NpgsqlException("timeout", new TimeoutException())));
        Assert.True(PostgresErrors.IsUnavailable(new NpgsqlException("broken", new IOException())));
        Assert.True(PostgresErrors.IsUnavailable(new NpgsqlException("Received unknown response E for SSLRequest (expecting S or N)")));
    }

    [Fact]
    public void Another_exception_says_nothing_about_PostgreSQL()
    {
        Assert.False(PostgresErrors.IsUnavailable(new InvalidOperationException()));
        Assert.False(PostgresErrors.IsFaultOfData(new InvalidOperationException()));
        Assert.False(PostgresErrors.IsUnavailable(null));
    }
}
