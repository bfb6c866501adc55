using System.Collections.Concurrent;
using System.Globalization;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;

namespace Seckill.LoadTests.Demo;

/// <summary>
/// The first part of the demo: a crowd larger than the stock, a fixed number of buyers at a time. The same seed and sizes give the same
/// clicks. A buyer's clicks are sequential; each goes to another API instance than the one before.
/// </summary>
public sealed class Crowd
{
    private const int Tries = 4;
    private const int AcceptsPerPoll = 50;
    private readonly Click[][] _clicks;
    private readonly ConcurrentQueue<Violation> _violations = new();
    private int _accepts;

    /// <param name="options">Sizes and seed.</param>
    public Crowd(DemoOptions options)
    {
        var random = new Random(options.Seed);
        _clicks = [.. Enumerable.Range(1, options.Buyers).Select(user => Draw(user, options.Items, random))];
        Settings = new LoadSettings
        {
            Users = options.Connections, Visits = options.Buyers, Buyers = options.Buyers, Items = options.Items, Stock = options.Stock,
        };
        Scenario = new Scenario("demo", "a crowd larger than the stock", Settings, _ => [], VisitAsync)
        {
            Item = (index, item) => item with { LimitPerUser = LimitOf(index) },
            LogsRefusals = true,
        };
    }

    /// <summary>The scenario, for <see cref="SaleRun"/>.</summary>
    public Scenario Scenario { get; }

    /// <summary>Its size.</summary>
    public LoadSettings Settings { get; }

    /// <summary>Accepted orders that their buyers could not see on the next instance.</summary>
    public IReadOnlyCollection<Violation> Violations => _violations;

    private static int LimitOf(int item) => 1 + (item % 2);

    private static Click[] Draw(int user, int items, Random random)
    {
        var item = random.Next(items);
        var quantity = LimitOf(item) >= 2 && random.Next(4) == 0 ? 2 : 1;
        var key = string.Create(CultureInfo.InvariantCulture, $"{user}-{item}-{random.Next():x}");
        Click Keyed(int units) => new(item, units, key);
        return random.Next(100) switch
        {
            // Clicks once and waits.
            < 45 => [random.Next(2) == 0 ? Keyed(quantity) : new(item, quantity, null)],
            // The app retries the same click.
            < 65 => [Keyed(quantity), Keyed(quantity)],
            // Clicks again, which is a new order unless the limit says no.
            < 80 => [new(item, quantity, null), new(item, quantity, null)],
            // The app retries, and then the buyer clicks again.
            < 86 => [Keyed(quantity), Keyed(quantity), new(item, quantity, null)],
            // A broken app: another quantity under the same key.
            < 88 when LimitOf(item) >= 2 => [Keyed(1), Keyed(2)],
            // Wants everything.
            _ => [.. Enumerable.Range(0, items).Select(other => new Click(other, 1, null)).OrderBy(_ => random.Next()), Keyed(quantity)],
        };
    }

    private async Task VisitAsync(Visit visit)
    {
        visit.Instance = (int)visit.Number;
        foreach (var click in _clicks[visit.Number])
        {
            var answer = await visit.RetryAsync(
                Tries, click.Key is not null, () => visit.OrderAsync(click.Quantity, click.Key, click.Item));
            visit.Instance++;
            if (answer.Outcome.Kind == OutcomeKind.Accepted && Interlocked.Increment(ref _accepts) % AcceptsPerPoll == 0)
            {
                var seen = await visit.PollAsync(answer.Text!);
                if (!seen.IsSuccess && (seen.Outcome == Outcome.Undocumented || !seen.Outcome.IsError))
                {
                    _violations.Enqueue(new Violation(
                        ViolationKind.WrongAnswer, $"GET orders/{answer.Text} on the next instance: {seen.Outcome} after the 202"));
                }
            }
        }
    }

    /// <summary>One intended order.</summary>
    /// <param name="Item">Index of the item.</param>
    /// <param name="Quantity">Units.</param>
    /// <param name="Key">Idempotency-Key; the same key again is a retry of the same click. Null sends none.</param>
    private readonly record struct Click(int Item, int Quantity, string? Key);
}
