using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Seckill.System.Tests.Alerts;

/// <summary>A span as it was exported.</summary>
internal sealed record ExportedSpan(
    string Service, string TraceId, string SpanId, string ParentId, string Name, IReadOnlyDictionary<string, string> Tags,
    IReadOnlyList<(string TraceId, string SpanId)> Links);

/// <summary>A collector that keeps what it is sent, by OTLP over HTTP in protobuf.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ExportedSpan> _spans = new();
    private readonly ConcurrentDictionary<string, string> _metrics = new();
    private readonly ConcurrentQueue<string> _logs = new();

    private OtlpReceiver(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public IReadOnlyCollection<ExportedSpan> Spans => _spans;

    /// <summary>Names of metrics, by the last service that sent them.</summary>
    public IReadOnlyDictionary<string, string> Metrics => _metrics;

    /// <summary>Services that sent logs.</summary>
    public IReadOnlyCollection<string> Logs => _logs;

    /// <summary>What a process needs to send here, soon.</summary>
    public (string, string?)[] Settings =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", Address.AbsoluteUri), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"), ("OTEL_METRIC_EXPORT_INTERVAL", "500"), ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
    ];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(builder.Build());
        receiver._app.MapPost("/v1/{signal}", receiver.ReceiveAsync);
        await receiver._app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext http, string signal)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        foreach (var resource in ProtobufMessage.Read(body.ToArray()).Messages(1))
        {
            var service = Attributes(resource.Messages(1).SelectMany(found => found.Messages(1))).GetValueOrDefault("service.name", "");
            foreach (var entry in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                switch (signal)
                {
                    case "traces":
                        _spans.Enqueue(ToSpan(service, entry));
                        break;
                    case "metrics":
                        _metrics[entry.Text(1)] = service;
                        break;
                    default:
                        _logs.Enqueue(service);
                        break;
                }
            }
        }

        http.Response.ContentType = "application/x-protobuf";
    }

    private static ExportedSpan ToSpan(string service, ProtobufMessage span) => new(
        service, span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), Attributes(span.Messages(9)),
        [.. span.Messages(13).Select(link => (link.Hex(1), link.Hex(2)))]);

    private static Dictionary<string, string> Attributes(IEnumerable<ProtobufMessage> attributes) =>
        attributes.GroupBy(attribute => attribute.Text(1)).ToDictionary(
            group => group.Key, group => group.First().Messages(2).FirstOrDefault()?.Text(1) ?? "");
}

/// <summary>The wire format of protocol buffers, as far as a reader of telemetry needs it: fields by number.</summary>
internal sealed class ProtobufMessage
{
    private readonly List<(int Number, byte[] Bytes)> _fields = [];

    public static ProtobufMessage Read(byte[] bytes)
    {
        var message = new ProtobufMessage();
        var at = 0;
        while (at < bytes.Length)
        {
            var key = Varint(bytes, ref at);
            var length = (key & 7) switch
            {
                0 => 0,
                1 => 8,
                5 => 4,
                2 => (int)Varint(bytes, ref at),
                var kind => throw new FormatException($"There is no wire type {kind}."),
            };
            if ((key & 7) == 0)
            {
                Varint(bytes, ref at);
            }

            message._fields.Add(((int)(key >> 3), (key & 7) == 2 ? bytes[at..(at + length)] : []));
            at += length;
        }

        return message;
    }

    public IEnumerable<ProtobufMessage> Messages(int number) => Fields(number).Select(Read);

    public string Text(int number) => Encoding.UTF8.GetString(Fields(number).FirstOrDefault() ?? []);

    public string Hex(int number) => Convert.ToHexStringLower(Fields(number).FirstOrDefault() ?? []);

    private IEnumerable<byte[]> Fields(int number) => _fields.Where(field => field.Number == number).Select(field => field.Bytes);

    private static ulong Varint(byte[] bytes, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
