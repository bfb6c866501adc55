using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Seckill.Tests.Harness.Clients;

namespace Seckill.Chaos;

/// <summary>What a client wanted.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Act>))]
internal enum Act
{
    /// <summary>Units.</summary>
    Order,

    /// <summary>To know what became of an order.</summary>
    Look,

    /// <summary>To cancel an order.</summary>
    Cancel,

    /// <summary>To pay an order: the payment provider's call.</summary>
    Pay,
}

/// <summary>One invocation and its outcome. Times are milliseconds since the run began, on one clock for all clients.</summary>
/// <param name="Client">Which client.</param>
/// <param name="Act">What it wanted.</param>
/// <param name="Api">Of which instance.</param>
/// <param name="UserId">For which buyer.</param>
/// <param name="SkuId">Of an order: what.</param>
/// <param name="Quantity">Of an order: how many units.</param>
/// <param name="Key">The Idempotency-Key of an order, the id of a payment.</param>
/// <param name="OrderId">Of which order; of an order that was accepted, its own.</param>
/// <param name="Begun">When it was asked.</param>
/// <param name="Ended">When the answer was there.</param>
/// <param name="Status">HTTP status; 0 when no answer came.</param>
/// <param name="Said">The order's status, the payment's outcome, or the code of a problem.</param>
/// <param name="Told">The orders that a refusal names.</param>
internal sealed record Operation(
    int Client, Act Act, string Api, long UserId, long SkuId, int Quantity, string? Key, string? OrderId, double Begun, double Ended,
    int Status, string? Said, IReadOnlyList<string> Told)
{
    /// <summary>Of an order: the pass that was sent.</summary>
    public string? Pass { get; init; }

    [JsonIgnore]
    public bool IsOk => Status is >= 200 and < 300;

    /// <summary>It may have happened or not.</summary>
    [JsonIgnore]
    public bool IsUnknown => Status is 0 or >= 500;

    [JsonIgnore]
    public bool IsAccepted => Act == Act.Order && Status == 202;

    public override string ToString() =>
        $"{Act} of user {UserId}{(Quantity > 0 ? $", {Quantity} of {SkuId}" : "")}{(Key is null ? "" : $", key {Key}")}, "
        + $"order {OrderId ?? "-"} at {Api} from {Begun:0} to {Ended:0} ms: {Status} {Said}";
}

/// <summary>One look of a buyer at the waiting room, and its answer.</summary>
/// <param name="Api">Of which instance.</param>
/// <param name="UserId">The buyer.</param>
/// <param name="Begun">When it was asked.</param>
/// <param name="Ended">When the answer was there.</param>
/// <param name="Status">HTTP status; 0 when no answer came.</param>
/// <param name="Said">The state, or the code of a problem.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Position">From 1.</param>
/// <param name="Pass">When it is the buyer's turn.</param>
internal sealed record QueueLook(
    string Api, long UserId, double Begun, double Ended, int Status, string? Said, string? Reason, int? Position, string? Pass)
{
    public override string ToString() =>
        $"user {UserId} at {Api} from {Begun:0} to {Ended:0} ms: {Status} {Said} {Reason} at {Position}"
        + (Pass is null ? "" : ", with a pass");
}

/// <summary>Everything that the clients and the operators of a run asked and were told.</summary>
internal sealed class History
{
    private readonly ConcurrentQueue<Operation> _operations = new();
    private readonly ConcurrentQueue<OperatorCall> _calls = new();
    private readonly ConcurrentQueue<QueueLook> _looks = new();
    private readonly long _begun = Stopwatch.GetTimestamp();

    /// <summary>Of the clients.</summary>
    public IReadOnlyCollection<Operation> Operations => _operations;

    /// <summary>Of the operators.</summary>
    public IReadOnlyCollection<OperatorCall> Calls => _calls;

    /// <summary>At the waiting room.</summary>
    public IReadOnlyCollection<QueueLook> Looks => _looks;

    /// <summary>Milliseconds since the run began.</summary>
    public double Now => Stopwatch.GetElapsedTime(_begun).TotalMilliseconds;

    public void Add(Operation operation) => _operations.Enqueue(operation);

    public void Add(OperatorCall call) => _calls.Enqueue(call);

    public void Add(QueueLook look) => _looks.Enqueue(look);

    /// <summary>One a line, in the order in which they ended.</summary>
    public async Task WriteAsync(string operations, string calls, string looks)
    {
        await File.WriteAllLinesAsync(operations, _operations.Select(operation => JsonSerializer.Serialize(operation)));
        await File.WriteAllLinesAsync(calls, _calls.Select(call => JsonSerializer.Serialize(call)));
        await File.WriteAllLinesAsync(looks, _looks.Select(look => JsonSerializer.Serialize(look)));
    }
}
