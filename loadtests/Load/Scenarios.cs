using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>
/// The crowds of the load tests, each defined once: this runner and NBomber send the same. What a visitor does depends on the visitor's
/// number, so that a run can be repeated.
/// </summary>
public static class Scenarios
{
    private const double PollSeconds = 0.2;
    private const int MaximumPolls = 50;

    // The highest that a sale may have: for visitors who are to be refused for no other reason.
    private const int HighestLimit = 100;

    /// <summary>All buyers at opening time.</summary>
    public static readonly Scenario Rush = new(
        "rush",
        "all buyers at opening time: sold out in seconds, then the long tail of refusals",
        new LoadSettings { Rate = 4_000, Seconds = 15, LimitPerUser = 2 },
        settings =>
        [
            // A tenth of a second of ramp: the edge of a real crowd is not as sharp as a machine's.
            new(0, settings.Rate, 0.1),
            new(settings.Rate, settings.Rate, (settings.Seconds * 0.3) - 0.1),
            new(settings.Rate, settings.Rate / 4, settings.Seconds * 0.3),
            new(settings.Rate / 4, 0, settings.Seconds * 0.4),
        ],
        async visit =>
        {
            var key = visit.Number % 2 == 0 ? $"rush-{visit.Number}" : null;
            var answer = await visit.OrderAsync(visit.Number % 4 == 0 ? 2 : 1, key);
            if (visit.Number % 5 == 0 && answer.Outcome.Kind != OutcomeKind.Failed)
            {
                // Clicks again: the same order under the same key, else a refusal.
                await visit.PauseAsync(0.5);
                await visit.OrderAsync(visit.Number % 4 == 0 ? 2 : 1, key);
            }
        })
    {
        // A third of the demand: sold out after a fifth of the time.
        UnitsPerVisitor = 0.3,
        Refusals = [RefusalCode.SoldOut, RefusalCode.LimitReached],
        Shows = [(Step.Order, Outcome.Refusal(RefusalCode.SoldOut))],
    };

    /// <summary>A constant rate.</summary>
    public static readonly Scenario Steady = new(
        "steady",
        "a constant rate of orders, with stock that lasts",
        new LoadSettings { Rate = 1_000, Seconds = 20, LimitPerUser = HighestLimit, MaximumP99Milliseconds = 500 },
        settings => [new(settings.Rate, settings.Rate, settings.Seconds)],
        async visit => await visit.OrderAsync())
    {
        Shows = [(Step.Order, Outcome.Accepted)],
    };

    /// <summary>From the page to the payment.</summary>
    public static readonly Scenario BrowseAndBuy = new(
        "browse-and-buy",
        "sale page, order, status by polling or by event stream, payment",
        new LoadSettings { Rate = 200, Seconds = 20, LimitPerUser = HighestLimit },
        settings => [new(0, settings.Rate, settings.Seconds * 0.2), new(settings.Rate, settings.Rate, settings.Seconds * 0.8)],
        async visit =>
        {
            await visit.LookAsync();
            await visit.PauseAsync(0.5);
            if ((await visit.OrderAsync(key: $"buy-{visit.Number}")).Text is not { } order)
            {
                return;
            }

            if (visit.Number % 10 == 0)
            {
                // The stream ends with the payment; its latency covers both.
                var events = visit.FollowAsync(order).AsTask();
                await visit.PayAsync(order);
                await events;
                return;
            }

            await PollUntilPlacedAsync(visit, order);
            await visit.PayAsync(order);
        })
    {
        Shows = [.. new[] { Step.Look, Step.Poll, Step.Follow, Step.Pay }.Select(step => (step, Outcome.Answered))],
    };

    /// <summary>Few users who try everything.</summary>
    public static readonly Scenario Bots = new(
        "bots",
        "twenty users who click without end: limits and rate limits must hold",
        new LoadSettings { Rate = 2_000, Seconds = 15, Buyers = 20, Stock = 1_000, LimitPerUser = 2 },
        settings => [new(settings.Rate, settings.Rate, settings.Seconds)],
        // Divisors that have nothing in common with the number of users: each of them tries every item, quantity and key.
        async visit => await visit.OrderAsync(
            1 + (int)(visit.Number / 9 % 2), visit.Number % 3 == 0 ? $"bot-{visit.Number % 7}" : null, visit.Number / 11))
    {
        Refusals = [RefusalCode.LimitReached, RefusalCode.RateLimited, RefusalCode.KeyReused, RefusalCode.SoldOut],
        Shows = [(Step.Order, Outcome.Refusal(RefusalCode.LimitReached)), (Step.Order, Outcome.Refusal(RefusalCode.RateLimited))],
    };

    /// <summary>Sold out, then on sale again.</summary>
    public static readonly Scenario Restock = new(
        "restock",
        "sold out; then units come back from cancelled orders and from operations",
        new LoadSettings { Rate = 1_000, Seconds = 20, LimitPerUser = 1 },
        settings => [new(settings.Rate, settings.Rate, settings.Seconds)],
        async visit =>
        {
            if ((await visit.OrderAsync()).Text is { } order && visit.Number % 3 == 0)
            {
                await visit.PauseAsync(2);
                await visit.CancelAsync(order);
            }
        })
    {
        RestockAfter = 0.6,
        UnitsPerVisitor = 0.15,
        Refusals = [RefusalCode.SoldOut, RefusalCode.LimitReached],
        Shows = [(Step.Order, Outcome.Refusal(RefusalCode.SoldOut)), (Step.Cancel, Outcome.Answered)],
    };

    /// <summary>Ten minutes with every end of an order.</summary>
    public static readonly Scenario Soak = new(
        "soak",
        "ten minutes of orders that are paid, cancelled, or expire",
        new LoadSettings
        {
            Rate = 200, Seconds = 600, LimitPerUser = HighestLimit, PaymentTimeoutSeconds = 30, Buyers = 50_000,
            MaximumP99Milliseconds = 500,
        },
        settings => [new(settings.Rate, settings.Rate, settings.Seconds)],
        async visit =>
        {
            if ((await visit.OrderAsync(key: $"soak-{visit.Number}")).Text is not { } order)
            {
                return;
            }

            await visit.PauseAsync(1);
            await visit.PollAsync(order);
            switch (visit.Number % 10)
            {
                case < 6:
                    await visit.PayAsync(order);
                    break;
                case 6:
                    await visit.CancelAsync(order);
                    break;
            }
        })
    {
        Shows = [(Step.Pay, Outcome.Answered), (Step.Cancel, Outcome.Answered)],
        WatchesResources = true,
    };

    /// <summary>A sale with a waiting room.</summary>
    public static readonly Scenario Queue = new(
        "queue",
        "a waiting room: buyers register before the opening, poll as the answers say, and order with their pass",
        new LoadSettings { Rate = 500, Seconds = 20, Items = 1, LimitPerUser = 2 },
        settings => [new(settings.Rate, settings.Rate, settings.Seconds)],
        QueueUpAsync)
    {
        UnitsPerVisitor = 0.3,
        OpensAfter = 0.6,
        Room = settings => new SaleRoom(Math.Max(10, (int)settings.Rate), 5),
        Refusals = [RefusalCode.SoldOut, RefusalCode.PassRequired, RefusalCode.PassExpired, RefusalCode.PassUsed],
        Shows =
        [
            (Step.Register, Outcome.Answered), (Step.Wait, Outcome.Answered), (Step.Order, Outcome.Accepted),
            (Step.Order, Outcome.Refusal(RefusalCode.PassRequired)), (Step.Order, Outcome.Refusal(RefusalCode.PassExpired)),
            (Step.Order, Outcome.Refusal(RefusalCode.PassUsed)),
        ],
    };

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<Scenario> All = [Rush, Steady, BrowseAndBuy, Bots, Restock, Soak, Queue];

    private static async Task QueueUpAsync(Visit visit)
    {
        if (visit.Number % 50 == 0)
        {
            await visit.OrderAsync();
        }

        var place = await visit.RegisterAsync();
        while (place is { PollAfterSeconds: { } pause, State: not ("admitted" or "ended") })
        {
            await visit.WaitAsync(TimeSpan.FromSeconds(pause));
            place = await visit.AskForPlaceAsync();
        }

        // One in eight never comes.
        if (place is not { State: "admitted", Pass: { } pass, PassExpiresAt: { } expiresAt } || visit.Number % 8 == 7)
        {
            return;
        }

        if (visit.Number % 16 == 3)
        {
            // Too late. The clocks of generator and storefront may differ a little.
            await visit.WaitAsync(expiresAt - TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(1));
            visit.Queue.Cheated(visit.UserId, await visit.OrderAsync(pass: pass));
            return;
        }

        await visit.PauseAsync(0.5);
        var answer = await visit.OrderAsync(key: $"queue-{visit.Number}", pass: pass);
        visit.Queue.Ordered(visit.UserId, answer);
        if (answer.IsSuccess && visit.Number % 4 == 0)
        {
            visit.Queue.Cheated(visit.UserId, await visit.OrderAsync(pass: pass));
        }
    }

    private static async Task PollUntilPlacedAsync(Visit visit, string order)
    {
        for (var poll = 0; poll < MaximumPolls; poll++)
        {
            var answer = await visit.PollAsync(order);
            if (!answer.IsSuccess || answer.Text != "reserved")
            {
                return;
            }

            await visit.PauseAsync(PollSeconds);
        }
    }
}
