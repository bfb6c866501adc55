using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// The chaos runs start processes whose clock is wrong. Without a look at such a process they would pass as well if the shift had no
/// effect, or if it broke the process in another way: a timed wait that ends at once, or never. And such a process must say so itself.
/// </summary>
public sealed class ShiftedClockTests
{
    [Theory]
    [InlineData(-200)]
    [InlineData(200)]
    public async Task A_process_with_a_shifted_clock_is_off_by_that_much_and_waits_as_long_as_ever(int seconds)
    {
        Assert.SkipUnless(ShiftedClock.Library is not null, "This needs libfaketime (Debian: faketime).");
        await using var installation = new Installation();
        var service = installation.StartApi([.. ShiftedClock.By(seconds), ("Stop__DrainMilliseconds", "1500")]);
        await service.BecomesAsync(200);

        await service.BecomesAsync(200, "degraded");
        using var http = new HttpClient();
        await Eventually.IsTrueAsync("readiness says by how much", async () =>
        {
            using var report = JsonDocument.Parse(await http.GetStringAsync(new Uri(service.Url, "/health/ready")));
            var check = report.RootElement.GetProperty("checks").EnumerateArray()
                .Single(one => one.GetProperty("name").GetString() == "clock");
            return Regex.IsMatch(
                check.GetProperty("detail").GetString() ?? "",
                seconds < 0 ? @"(199|200)\.\d s behind Redis and (199|200)\.\d s behind PostgreSQL"
                    : @"(199|200)\.\d s ahead of Redis and (199|200)\.\d s ahead of PostgreSQL");
        });
        var gauges = (await http.GetStringAsync(new Uri(service.Url, "/metrics"))).Split('\n')
            .Where(line => line.StartsWith("seckill_clock_offset_seconds{", StringComparison.Ordinal))
            .Select(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(2, gauges.Count);
        Assert.All(gauges, offset => Assert.InRange(offset, seconds - 1, seconds + 1));

        using var answer = await http.GetAsync(new Uri(service.Url, "/health/live"));
        Assert.InRange((answer.Headers.Date!.Value - TimeProvider.System.GetUtcNow()).TotalSeconds, seconds - 10, seconds + 10);

        var before = Stopwatch.GetTimestamp();
        Assert.Equal(0, await service.StopAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(before).TotalSeconds, 1.4, 10);
    }
}
