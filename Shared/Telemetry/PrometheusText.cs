// Metrics in Prometheus text format, because no OpenTelemetry Prometheus exporter restores from the feed;
// OpenTelemetry.Exporter.Prometheus.AspNetCore would replace this file.
using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Seckill.Shared.Telemetry;

/// <summary>Collects every meter that matters here and writes it as Prometheus text (exposition format 0.0.4).</summary>
public sealed class PrometheusText : IDisposable
{
    /// <summary>The media type of <see cref="Write"/>.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly LastBatch _last = new();
    private readonly BaseExportingMetricReader _reader;
    private readonly MeterProvider _provider;
    private readonly Lock _oneAtATime = new();

    /// <summary>Starts to listen.</summary>
    public PrometheusText()
    {
        _reader = new BaseExportingMetricReader(_last);
        _provider = Sdk.CreateMeterProviderBuilder()
            .AddMeasurements()
            .AddReader(_reader)
            .Build();
    }

    /// <summary>Everything as it is now.</summary>
    public string Write()
    {
        lock (_oneAtATime)
        {
            _reader.Collect();
            return _last.Text;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider.Dispose();
        _reader.Dispose();
        _last.Dispose();
    }

    private sealed class LastBatch : BaseExporter<Metric>
    {
        public string Text { get; private set; } = "";

        public override ExportResult Export(in Batch<Metric> batch)
        {
            var families = new Dictionary<string, Family>();
            foreach (var metric in batch)
            {
                Append(families, metric);
            }

            Text = string.Concat(families.Values.Select(family => family.Text));
            return ExportResult.Success;
        }

        private static void Append(Dictionary<string, Family> families, Metric metric)
        {
            var name = Name(metric);
            var type = metric.MetricType switch
            {
                MetricType.LongSum or MetricType.DoubleSum => "counter",
                MetricType.Histogram => "histogram",
                _ => "gauge",
            };
            if (!families.TryGetValue(name, out var text))
            {
                families.Add(name, text = new Family(name, type, Unit(metric), metric.Description));
            }
            else if (text.Type != type)
            {
                // Under one name there is room for one type only.
                return;
            }

            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                var labels = Labels(point.Tags);
                switch (metric.MetricType)
                {
                    case MetricType.Histogram:
                        AppendHistogram(text, name, labels, point);
                        break;
                    case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                        AppendSample(text, name, labels, point.GetSumLong());
                        break;
                    case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                        AppendSample(text, name, labels, point.GetSumDouble());
                        break;
                    case MetricType.LongGauge:
                        AppendSample(text, name, labels, point.GetGaugeLastValueLong());
                        break;
                    case MetricType.DoubleGauge:
                        AppendSample(text, name, labels, point.GetGaugeLastValueDouble());
                        break;
                }
            }
        }

        private static void AppendHistogram(Family text, string name, string labels, in MetricPoint point)
        {
            long cumulative = 0;
            foreach (var bucket in point.GetHistogramBuckets())
            {
                cumulative += bucket.BucketCount;
                var bound = double.IsPositiveInfinity(bucket.ExplicitBound)
                    ? "+Inf"
                    : bucket.ExplicitBound.ToString(CultureInfo.InvariantCulture);
                AppendSample(text, name + "_bucket", $"{labels}{(labels.Length > 0 ? "," : "")}le=\"{bound}\"", cumulative);
            }

            AppendSample(text, name + "_sum", labels, point.GetHistogramSum());
            AppendSample(text, name + "_count", labels, point.GetHistogramCount());
        }

        private static void AppendSample(Family text, string name, string labels, double value) =>
            text.Append(labels.Length > 0 ? $"{name}{{{labels}}}" : name, value);

        private static string Labels(ReadOnlyTagCollection tags)
        {
            var labels = new StringBuilder();
            foreach (var (key, value) in tags)
            {
                var escaped = Convert.ToString(value, CultureInfo.InvariantCulture)!
                    .Replace("\\", "\\\\", StringComparison.Ordinal)
                    .Replace("\"", "\\\"", StringComparison.Ordinal)
                    .Replace("\n", "\\n", StringComparison.Ordinal);
                labels.Append(labels.Length > 0 ? "," : "").Append(Sanitize(key)).Append("=\"").Append(escaped).Append('"');
            }

            return labels.ToString();
        }

        private static string Name(Metric metric)
        {
            var unit = Unit(metric) is { } known ? "_" + known : "";
            var name = Sanitize(metric.Name);
            name = name.EndsWith(unit, StringComparison.Ordinal) ? name : name + unit;
            return metric.MetricType is MetricType.LongSum or MetricType.DoubleSum ? name + "_total" : name;
        }

        private static string? Unit(Metric metric) => metric.Unit switch { "s" => "seconds", "By" => "bytes", _ => null };

        private static string Sanitize(string name) =>
            string.Create(name.Length, name, static (characters, source) =>
            {
                for (var i = 0; i < source.Length; i++)
                {
                    characters[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
                }
            });
    }
    /// <summary>
    /// The samples of one name, whichever meters they come from: a name with two headers, or a sample that stands twice, makes
    /// Prometheus refuse the whole page. The first of the same samples is kept.
    /// </summary>
    private sealed class Family(string name, string type, string? unit, string description)
    {
        // This version of the format takes the line with the unit for a comment; later ones read it.
        private readonly StringBuilder _text = new StringBuilder()
            .Append("# HELP ").Append(name).Append(' ')
            .Append(description.ReplaceLineEndings(" ").Replace("\\", "\\\\", StringComparison.Ordinal))
            .Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n')
            .Append(unit is null ? "" : $"# UNIT {name} {unit}\n");

        private readonly HashSet<string> _samples = [];

        public string Type => type;

        public string Text => _text.ToString();

        public void Append(string sample, double value)
        {
            if (_samples.Add(sample))
            {
                _text.Append(sample).Append(' ').Append(Written(value)).Append('\n');
            }
        }

        private static string Written(double value) => value switch
        {
            double.PositiveInfinity => "+Inf",
            double.NegativeInfinity => "-Inf",
            _ => value.ToString(CultureInfo.InvariantCulture),
        };
    }
}
