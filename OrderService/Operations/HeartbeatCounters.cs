using System.Collections.Concurrent;

namespace Seckill.OrderService.Operations;

/// <summary>
/// Counts for the heartbeat what the instruments of this process measure anyway. The path of an order is unchanged; a measurement costs it
/// one addition.
/// </summary>
internal sealed class HeartbeatCounters : IDisposable
{
    private const string Orders = "/orders";
    // Refused before the batcher with a status that other refusals have, too; the rest is counted by its status.
    private const string Busy = "busy";
    private const string RateLimited = "rate-limited";
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, Count> _outcomes = new();
    private readonly Dictionary<int, Count> _refusedBefore = new[] { 400, 401, 413, 415 }.ToDictionary(it => it, _ => new Count());
    private readonly long[] _latency = new long[Heartbeat.Bounds.Count + 1];
    private readonly double[] _bounds = [.. Heartbeat.Bounds.Select(milliseconds => milliseconds / 1000)];
    private readonly Count _gateRefusals = new();
    private readonly Count _inFlight = new();

    public HeartbeatCounters()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if ((instrument.Meter.Name, instrument.Name)
                is ("Seckill", "seckill.reservations" or "seckill.gate.refusals" or "seckill.requests.refused")
                or ("Microsoft.AspNetCore.Hosting", "http.server.active_requests" or "http.server.request.duration"))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, number, tags, _) => Add(instrument.Name, number, tags));
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) => AddAnswer(seconds, tags));
        _listener.Start();
    }

    /// <summary>HTTP requests in progress.</summary>
    public long InFlight => _inFlight.Read();

    /// <summary>Sold-out answers without a call to Redis.</summary>
    public long GateRefusals => _gateRefusals.Read();

    /// <summary>Answers by duration, see <see cref="Heartbeat.Latency"/>.</summary>
    public long[] Latency() => [.. _latency.Select((_, i) => Interlocked.Read(ref _latency[i]))];

    /// <summary>Answers by reason: the codes of the HTTP interface, and <c>reserved</c> and <c>replayed</c>.</summary>
    public Dictionary<string, long> Answers() =>
        _outcomes.Select(pair => (Reason: Reason(pair.Key), Count: pair.Value))
            .Concat(_refusedBefore.Select(pair => (Reason: Reason(pair.Key), Count: pair.Value)))
            .GroupBy(pair => pair.Reason).ToDictionary(same => same.Key, same => same.Sum(pair => pair.Count.Read()));

    public void Dispose() => _listener.Dispose();

    private void Add(string instrument, long number, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        switch (instrument)
        {
            case "seckill.reservations" when Find(tags, "outcome") is string outcome:
                _outcomes.GetOrAdd(outcome, static _ => new Count()).Add(number);
                break;
            case "seckill.requests.refused" when Find(tags, "code") is string code and (Busy or RateLimited):
                _outcomes.GetOrAdd(code, static _ => new Count()).Add(number);
                break;
            case "seckill.gate.refusals":
                _gateRefusals.Add(number);
                break;
            case "http.server.active_requests":
                _inFlight.Add(number);
                break;
        }
    }

    private void AddAnswer(double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Find(tags, "http.route") is not Orders || Find(tags, "http.request.method") is not "POST")
        {
            return;
        }

        var at = Array.BinarySearch(_bounds, seconds);
        Interlocked.Increment(ref _latency[at < 0 ? ~at : at]);
        // Refusals before the batcher, which counts all others by their reason.
        if (Find(tags, "http.response.status_code") is int status && _refusedBefore.TryGetValue(status, out var refused))
        {
            refused.Add(1);
        }
    }

    private static object? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags, string key)
    {
        foreach (var (name, value) in tags)
        {
            if (name == key)
            {
                return value;
            }
        }

        return null;
    }

    private static string Reason(int status) => status == 401 ? "unauthenticated" : "invalid-request";

    private static string Reason(string outcome) => outcome switch
    {
        "NotOpen" => "sale-not-open",
        "Closed" => "sale-closed",
        "KeyReused" => "idempotency-key-reused",
        // To a buyer these are all 503; to an operator they differ.
        "Busy" => "queue-full",
        "Unknown" => "no-answer",
        _ => JsonNamingPolicy.KebabCaseLower.ConvertName(outcome),
    };

    private sealed class Count
    {
        private long _value;

        public void Add(long number) => Interlocked.Add(ref _value, number);

        public long Read() => Interlocked.Read(ref _value);
    }
}
