using System.Globalization;
using System.Text.Json;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Alerts;

/// <summary>A log that grows with the clicks is a second outage. One that machines cannot read helps nobody at night.</summary>
[Collection(AfterASmallSale.Name)]
public sealed class LogTests(SmallSale sale)
{
    private const int AFew = 5;

    [Fact]
    public void A_thousand_orders_write_no_more_than_a_few_lines() =>
        Assert.True(sale.LinesOfTheRush.Count <= AFew, string.Join('\n', sale.LinesOfTheRush));

    [Theory]
    [InlineData("OrderService")]
    [InlineData("InventoryService")]
    public async Task Outside_Development_each_line_is_JSON_with_an_event_id(string project)
    {
        await using var installation = new Installation();
        var service = installation.Start("production", project, [],
            ("ASPNETCORE_ENVIRONMENT", "Production"), ("DOTNET_ENVIRONMENT", "Production"),
            ("Stores__AllowUnencrypted", "true"),
            ("Management__Port", FreePort.Find().ToString(CultureInfo.InvariantCulture)), ("Logging__Console__FormatterName", null),
            ("Logging__Console__FormatterOptions__SingleLine", null), ("Logging__Console__FormatterOptions__TimestampFormat", null),
            ("Auth__BuyerTokenKey", "a-secret-of-this-installation-alone-1"), ("Auth__OpsKey", "a-secret-of-this-installation-alone-2"),
            ("Payments__SigningKey", "a-secret-of-this-installation-alone-3"));
        await service.ListensAsync();
        var lines = (await service.OutputAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.All(lines, text =>
        {
            var line = JsonDocument.Parse(text).RootElement;
            Assert.EndsWith("Z", line.GetProperty("Timestamp").GetString(), StringComparison.Ordinal);
            Assert.Equal(JsonValueKind.Number, line.GetProperty("EventId").ValueKind);
            Assert.NotEqual("", line.GetProperty("Message").GetString());
        });
    }
}
