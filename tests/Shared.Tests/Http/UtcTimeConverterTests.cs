using System.Text.Json;
using Seckill.Shared.Http;

namespace Seckill.Shared.Tests.Http;

/// <summary>A sale that opens an hour early because of an offset is an outage. Times are written in one form and never guessed.</summary>
public sealed class UtcTimeConverterTests
{
    private static readonly JsonSerializerOptions s_json = new() { Converters = { new UtcTimeConverter() } };

    [Fact]
    public void A_time_is_written_in_UTC_with_milliseconds() =>
        Assert.Equal(
            "\"2030-01-02T02:04:05.007Z\"",
            JsonSerializer.Serialize(new DateTimeOffset(2030, 1, 2, 3, 4, 5, 7, TimeSpan.FromHours(1)), s_json));

    [Theory]
    [InlineData("2030-01-02T03:04:05Z")]
    [InlineData("2030-01-02T03:04:05.0Z")]
    [InlineData("2030-01-02T03:04:05.0000000Z")]
    [InlineData("2030-01-02T03:04:05.000000000Z")]
    [InlineData("2030-01-02T03:04:05.000000000001+00:00")]
    [InlineData("2030-01-02t03:04:05z")]
    [InlineData("2030-01-02T03:04:05+00:00")]
    [InlineData("2030-01-02T08:34:05+05:30")]
    [InlineData("2030-01-01T19:04:05.000-08:00")]
    public void Every_spelling_of_an_instant_is_the_same_instant(string text) =>
        Assert.Equal(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero), Read($"\"{text}\""));

    [Theory]
    [InlineData("\"2030-01-02T03:04:05\"")]
    [InlineData("\"2030-01-02T03:04:05.000000000\"")]
    [InlineData("\"2030-01-02T03:04:05.0000000x0Z\"")]
    [InlineData("\"2030-01-02\"")]
    [InlineData("\"2030-01-02 03:04:05Z\"")]
    [InlineData("\"2030-02-30T03:04:05Z\"")]
    [InlineData("\"2030-01-02T25:04:05Z\"")]
    [InlineData("\"2030-01-02T03:04:05+99:00\"")]
    [InlineData("\" 2030-01-02T03:04:05Z\"")]
    [InlineData("\"Wed, 02 Jan 2030 03:04:05 GMT\"")]
    [InlineData("\"\"")]
    [InlineData("1893553445")]
    [InlineData("null")]
    [InlineData("{}")]
    public void A_time_without_an_offset_or_in_another_form_is_refused(string json) => Assert.Throws<JsonException>(() => Read(json));

    private static DateTimeOffset Read(string json) => JsonSerializer.Deserialize<DateTimeOffset>(json, s_json);
}
