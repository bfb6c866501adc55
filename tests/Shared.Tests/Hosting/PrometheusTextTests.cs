using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Tests.Hosting;

/// <summary>
/// A scrape with one malformed or repeated line is refused as a whole, and then nothing is watched any more. Checked with
/// instruments of this test among all that the process has, so that real ones must be well formed, too.
/// </summary>
public sealed partial class PrometheusTextTests : IDisposable
{
    private readonly PrometheusText _metrics = new();
    private readonly Meter _meter = new("Seckill");
    private readonly Meter _other = new("MassTransit");
    private readonly string _name = "test" + Guid.NewGuid().ToString("N");

    public void Dispose()
    {
        _metrics.Dispose();
        _meter.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void A_counter_ends_in_total()
    {
        _meter.CreateCounter<long>(_name + ".seen", "{thing}", "Things seen.").Add(3);
        Assert.Equal([$"# HELP {_name}_seen_total Things seen.", $"# TYPE {_name}_seen_total counter", $"{_name}_seen_total 3"], Mine());
    }

    [Fact]
    public void What_can_fall_is_a_gauge()
    {
        _meter.CreateUpDownCounter<long>(_name).Add(-2);
        Assert.Equal([$"# HELP {_name} ", $"# TYPE {_name} gauge", $"{_name} -2"], Mine());
    }

    [Fact]
    public void Units_that_Prometheus_knows_end_the_name()
    {
        _meter.CreateObservableGauge(_name + ".age", () => 1.5, "s");
        _meter.CreateObservableGauge(_name + ".size", () => 7L, "By");
        Assert.Contains($"{_name}_age_seconds 1.5", Mine());
        Assert.Contains($"{_name}_size_bytes 7", Mine());
    }

    [Fact]
    public void The_buckets_of_a_histogram_add_up()
    {
        var histogram = _meter.CreateHistogram(
            _name, "s", "Time.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.5, 2] });
        foreach (var value in new[] { 0.0005, 0.001, 0.25, 1, 3, 4 })
        {
            histogram.Record(value, new KeyValuePair<string, object?>("way", "in"));
        }

        Assert.Equal(
            [
                $"# HELP {_name}_seconds Time.",
                $"# TYPE {_name}_seconds histogram",
                $"# UNIT {_name}_seconds seconds",
                $"{_name}_seconds_bucket{{way=\"in\",le=\"0.001\"}} 2",
                $"{_name}_seconds_bucket{{way=\"in\",le=\"0.5\"}} 3",
                $"{_name}_seconds_bucket{{way=\"in\",le=\"2\"}} 4",
                $"{_name}_seconds_bucket{{way=\"in\",le=\"+Inf\"}} 6",
                $"{_name}_seconds_sum{{way=\"in\"}} 8.2515",
                $"{_name}_seconds_count{{way=\"in\"}} 6",
            ],
            Mine());
    }

    [Fact]
    public void A_label_may_have_any_value()
    {
        _meter.CreateCounter<long>(_name).Add(
            1, new("a.b", "back\\slash \"quoted\"\nnext"), new("empty", ""), new("n", 1.5), new("null", null));
        Assert.Equal($"{_name}_total{{a_b=\"back\\\\slash \\\"quoted\\\"\\nnext\",empty=\"\",n=\"1.5\",null=\"\"}} 1", Mine()[^1]);
    }

    [Fact]
    public void A_description_may_have_any_text()
    {
        _meter.CreateCounter<long>(_name, null, "Line one\r\nline two, C:\\new").Add(1);
        Assert.Equal($"# HELP {_name}_total Line one line two, C:\\\\new", Mine()[0]);
    }

    [Fact]
    public void Values_beyond_numbers_are_written_as_Prometheus_reads_them()
    {
        var values = new[] { double.PositiveInfinity, double.NegativeInfinity, double.NaN };
        _meter.CreateObservableGauge(
            _name, () => values.Select((value, i) => new Measurement<double>(value, new KeyValuePair<string, object?>("i", i))));
        Assert.Equal(["+Inf", "-Inf", "NaN"], Mine().Skip(2).Select(line => line.Split(' ')[^1]));
    }

    [Fact]
    public void Two_meters_with_an_instrument_of_the_same_name_make_one_family()
    {
        _meter.CreateCounter<long>(_name, null, "From here.").Add(1, new KeyValuePair<string, object?>("from", "here"));
        _other.CreateCounter<long>(_name, null, "From there.").Add(2, new KeyValuePair<string, object?>("from", "there"));
        Assert.Single(Mine(), line => line.StartsWith("# TYPE", StringComparison.Ordinal));
        Assert.Contains($"{_name}_total{{from=\"here\"}} 1", Mine());
        Assert.Contains($"{_name}_total{{from=\"there\"}} 2", Mine());
        AssertWellFormed(_metrics.Write());
    }

    [Fact]
    public void Two_meters_with_the_same_sample_write_it_once()
    {
        _meter.CreateCounter<long>(_name).Add(1);
        _other.CreateCounter<long>(_name).Add(2);
        Assert.Single(Mine(), line => !line.StartsWith('#'));
        AssertWellFormed(_metrics.Write());
    }

    [Fact]
    public void The_whole_page_is_well_formed()
    {
        _meter.CreateHistogram<int>(_name + ".h").Record(5, new KeyValuePair<string, object?>("x", "y"));
        _meter.CreateCounter<double>(_name + ".c").Add(1e300);
        _meter.CreateCounter<long>("1" + _name.Replace("test", "", StringComparison.Ordinal));
        Assert.All(Enumerable.Range(0, 3), _ => AssertWellFormed(_metrics.Write()));
    }

    private static void AssertWellFormed(string page)
    {
        Assert.EndsWith("\n", page, StringComparison.Ordinal);
        var (family, type) = ("", "");
        var (families, samples) = (new HashSet<string>(), new HashSet<string>());
        foreach (var line in page[..^1].Split('\n'))
        {
            if (Header().Match(line) is { Success: true } header)
            {
                if (header.Groups["what"].Value == "HELP")
                {
                    family = header.Groups["name"].Value;
                    Assert.True(families.Add(family), $"Twice: {line}");
                }

                Assert.Equal(family, header.Groups["name"].Value);
                type = header.Groups["what"].Value switch { "TYPE" => header.Groups["rest"].Value, "HELP" => "", _ => type };
                continue;
            }

            var sample = Sample().Match(line);
            Assert.True(sample.Success, $"Malformed: {line}");
            Assert.True(samples.Add(sample.Groups["id"].Value), $"Twice: {line}");
            string[] names = type == "histogram" ? [family + "_bucket", family + "_sum", family + "_count"] : [family];
            Assert.Contains(sample.Groups["name"].Value, names);
        }
    }

    private string[] Mine()
    {
        var page = _metrics.Write();
        AssertWellFormed(page);
        return [.. page.Split('\n').Where(line => line.Contains(_name, StringComparison.Ordinal))];
    }

    [GeneratedRegex(@"^# (?<what>HELP|TYPE|UNIT) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>.*)$")]
    private static partial Regex Header();

    [GeneratedRegex(
        """^(?<id>(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*",?)*\})?) """
        + """(?<value>NaN|[+-]Inf|-?[0-9.]+(E[+-]?[0-9]+)?)$""")]
    private static partial Regex Sample();
}
