using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Engine;

/// <summary>The answer to a visitor.</summary>
/// <param name="Outcome">In one word.</param>
/// <param name="Text">An order's id, or the member of the answer that the step asks for; null when there is none.</param>
/// <param name="RetryAfter">How long the storefront asks to wait; null when it does not.</param>
public readonly record struct ShopAnswer(Outcome Outcome, string? Text, TimeSpan? RetryAfter = null)
{
    /// <summary>Accepted or answered.</summary>
    public bool IsSuccess => Outcome.Kind is OutcomeKind.Accepted or OutcomeKind.Answered;
}

/// <summary>Any request but an order.</summary>
/// <param name="Step">Which kind.</param>
/// <param name="Path">Relative to the storefront's address.</param>
/// <param name="Headers">Without those of the body.</param>
/// <param name="Json">The body; null for none.</param>
public sealed record ShopRequest(Step Step, string Path, IReadOnlyList<(string Name, string Value)> Headers, byte[]? Json = null);

/// <summary>The storefront as visitors see it: takes a free client, sends the request, and records its outcome and latency.</summary>
/// <param name="pool">The clients.</param>
/// <param name="recorder">For every request.</param>
/// <param name="logsRefusals">True to keep refused orders in <see cref="Log"/> too.</param>
public sealed class Shop(ClientPool pool, Recorder recorder, bool logsRefusals = false)
{
    private const int MaximumExamples = 5;
    private const int MaximumTextLength = 200;
    private readonly ConcurrentQueue<string> _departures = new();
    private readonly ConcurrentQueue<OrderAttempt> _log = new();
    private long _departed;
    private long _paid;

    /// <summary>Answers that the contract does not have.</summary>
    public long Departed => Volatile.Read(ref _departed);

    /// <summary>Some of them.</summary>
    public IReadOnlyCollection<string> Departures => _departures;

    /// <summary>Payments that were accepted, without those that are refunded.</summary>
    public long Paid => Volatile.Read(ref _paid);

    /// <summary>Orders that were promised, and those that may have been made without a promise.</summary>
    public IReadOnlyCollection<OrderAttempt> Log => _log;

    /// <summary>Places an order.</summary>
    /// <param name="buyer">Whose.</param>
    /// <param name="order">What.</param>
    /// <param name="key">Idempotency-Key; null for none.</param>
    /// <param name="wantedAt">When the visitor wanted it (Stopwatch timestamp): the latency counts from there.</param>
    /// <param name="isArrival">True for the first request of a visitor, by which the generator's own lateness is measured.</param>
    /// <param name="instance">Counts the API instances round; any when null.</param>
    /// <param name="pass">Of the sale's waiting room; null for none.</param>
    public async ValueTask<ShopAnswer> OrderAsync(
        Buyer buyer, OrderRequest order, string? key, long wantedAt, bool isArrival, int? instance = null, string? pass = null)
    {
        if (await RentAsync(Step.Order, wantedAt, isArrival) is not { } rented)
        {
            return new ShopAnswer(Outcome.TimedOut, null);
        }

        var sentAt = Stopwatch.GetTimestamp();
        var api = instance % pool.Apis ?? rented.Api;
        OrderAnswer answer;
        try
        {
            answer = await rented.Client.PlaceAsync(api, buyer.Authorization, order, key, pass);
        }
        finally
        {
            pool.Return(rented);
        }

        var outcome = Outcome.Of(answer);
        recorder.End(Step.Order, outcome, wantedAt, sentAt);
        Depart(answer.Departure);
        if (logsRefusals || answer.Kind == AnswerKind.Accepted || answer.MayHaveReserved)
        {
            _log.Enqueue(new OrderAttempt(buyer.UserId, order, key, api, sentAt, Stopwatch.GetTimestamp(), answer));
        }

        return new ShopAnswer(outcome, answer.OrderId, answer.RetryAfter);
    }

    /// <summary>Sends any other request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="wantedAt">When the visitor wanted it.</param>
    /// <param name="isArrival">True for the first request of a visitor.</param>
    /// <param name="instance">Counts the API instances round; any when null.</param>
    public async ValueTask<ShopAnswer> AskAsync(ShopRequest request, long wantedAt, bool isArrival, int? instance = null)
    {
        if (await RentAsync(request.Step, wantedAt, isArrival) is not { } rented)
        {
            return new ShopAnswer(Outcome.TimedOut, null);
        }

        var sentAt = Stopwatch.GetTimestamp();
        ShopAnswer answer;
        try
        {
            var (status, failure) = await rented.Client.AskAsync(
                instance % pool.Apis ?? rented.Api, request.Step.Method, request.Path, request.Headers, request.Json);
            answer = failure is null
                ? Read(request.Step, status!.Value, rented.Client.Body) : new ShopAnswer(Outcome.Failure(failure), null);
        }
        finally
        {
            pool.Return(rented);
        }

        recorder.End(request.Step, answer.Outcome, wantedAt, sentAt);
        if (request.Step == Step.Pay && answer.Text == "accepted")
        {
            Interlocked.Increment(ref _paid);
        }

        return answer;
    }

    private async ValueTask<PooledClient?> RentAsync(Step step, long wantedAt, bool isArrival)
    {
        if (pool.TryRent(out var free))
        {
            if (isArrival)
            {
                recorder.Begin(wantedAt);
            }

            return free;
        }

        recorder.Wait();
        if (await pool.WaitAsync() is { } client)
        {
            return client;
        }

        recorder.End(step, Outcome.TimedOut, wantedAt, Stopwatch.GetTimestamp());
        return null;
    }

    private ShopAnswer Read(Step step, HttpStatusCode status, ReadOnlySpan<byte> body)
    {
        if (status == step.Success)
        {
            return new ShopAnswer(Outcome.Answered, step.Member switch
            {
                null => null,
                Step.WholeBody => Encoding.UTF8.GetString(body),
                var name => Member(body, name),
            });
        }

        if (Member(body, "code") is { } code && Outcome.Find(code) is { } refusal)
        {
            return new ShopAnswer(refusal, null);
        }

        Depart($"{step.Name}: {(int)status} {Encoding.UTF8.GetString(body[..Math.Min(body.Length, MaximumTextLength)])}");
        return new ShopAnswer(Outcome.Undocumented, null);
    }

    private void Depart(string? departure)
    {
        if (departure is not null && Interlocked.Increment(ref _departed) <= MaximumExamples)
        {
            _departures.Enqueue(departure);
        }
    }

    // The last one of that name: of a stream of events, which is not a JSON document, it is the newest.
    private static string? Member(ReadOnlySpan<byte> json, string name)
    {
        var mark = Encoding.ASCII.GetBytes($"\"{name}\":\"");
        var start = json.LastIndexOf(mark);
        if (start < 0)
        {
            return null;
        }

        var value = json[(start + mark.Length)..];
        var end = value.IndexOf((byte)'"');
        return end < 0 ? null : Encoding.UTF8.GetString(value[..end]);
    }
}
