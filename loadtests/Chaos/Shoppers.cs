
using Seckill.Tests.Harness.Clients;

namespace Seckill.Chaos;

/// <summary>
/// The clients of a run. Each plays one buyer after the other, and the payment provider for that buyer's orders: with and without an
/// Idempotency-Key, at both APIs, twice at once, again after an unknown outcome, paid in time, late or twice, cancelled, or left.
/// </summary>
internal sealed class Shoppers : IAsyncDisposable
{
    private const int Tries = 4;
    private const int Looks = 60;
    private static readonly TimeSpan s_betweenTries = TimeSpan.FromMilliseconds(60);
    private readonly Stage _stage;
    private readonly Buyers _buyers;
    private readonly Schedule _schedule;
    private readonly History _history;
    private readonly CancellationTokenSource _enough = new();
    private readonly Task[] _clients;

    public Shoppers(Stage stage, Buyers buyers, Schedule schedule, History history)
    {
        (_stage, _buyers, _schedule, _history) = (stage, buyers, schedule, history);
        _clients = [.. Enumerable.Range(0, schedule.Clients).Select(client => Task.Run(() => ShopAsync(client)))];
    }

    /// <summary>Nobody begins anything new; what is under way gets its answer.</summary>
    public async Task LeaveAsync()
    {
        await _enough.CancelAsync();
        await Task.WhenAll(_clients);
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        _enough.Dispose();
    }

    private async Task ShopAsync(int client)
    {
        var dice = new Random((_schedule.Seed * 100) + client);
        var unpaid = new Queue<(double At, Operation Order)>();
        var user = 0L;
        while (!_enough.IsCancellationRequested)
        {
            user = user > 0 && dice.Next(4) == 0 ? user : _buyers.NewUser();
            foreach (var order in await OrderAsync(client, dice, user))
            {
                await DecideAsync(client, dice, order, unpaid);
            }

            // The money comes when the time to pay is over, or nearly.
            if (unpaid.TryPeek(out var late) && late.At < _history.Now)
            {
                await PayAsync(client, dice, unpaid.Dequeue().Order, NewPayment());
            }

            await Task.Delay(dice.Next(5, 40));
        }
    }

    private async Task<IEnumerable<Operation>> OrderAsync(int client, Random dice, long user)
    {
        string? pass = null;
        if (_schedule.HasRoom && dice.Next(20) > 0 && (pass = await TurnAsync(dice, user)) is null)
        {
            return [];
        }

        var sku = _buyers.Sale.Skus[dice.Next(_buyers.Sale.Skus.Count)];
        var quantity = dice.Next(1, _schedule.LimitPerUser + 1);
        var key = dice.Next(10) < 6 ? Buyers.NewKey() : null;
        var api = dice.Next(2);
        if (dice.Next(6) == 0)
        {
            // Two windows, two clicks at once: with one key the same order, without one both may be had, up to the limit.
            var both = await Task.WhenAll(
                ClickAsync(client, api, user, sku, quantity, key, pass), ClickAsync(client, 1 - api, user, sku, quantity, key, pass));
            return both.Where(click => click.IsAccepted).DistinctBy(click => click.OrderId);
        }

        var answer = await ClickAsync(client, api, user, sku, quantity, key, pass);
        for (var again = 1; again < Tries && answer.IsUnknown && (key is not null || dice.Next(2) == 0); again++)
        {
            await Task.Delay(s_betweenTries);
            answer = await ClickAsync(client, api + again, user, sku, quantity, key, pass);
        }

        if (answer.IsAccepted && key is not null && dice.Next(8) == 0)
        {
            await ClickAsync(client, api + 1, user, sku, quantity, key, pass);
        }

        return answer.IsAccepted ? [answer] : [];
    }

    private async Task DecideAsync(int client, Random dice, Operation order, Queue<(double At, Operation Order)> unpaid)
    {
        var payment = NewPayment();
        switch (dice.Next(100))
        {
            case < 25:
                await PayAsync(client, dice, order, payment);
                break;
            case < 35:
                await Task.WhenAll(PayAsync(client, new Random(dice.Next()), order, payment), PayAsync(client, dice, order, payment));
                break;
            case < 42:
                await PayAsync(client, dice, order, payment);
                await PayAsync(client, dice, order, NewPayment());
                break;
            case < 52:
                await Task.WhenAll(CancelAsync(client, new Random(dice.Next()), order), PayAsync(client, dice, order, payment));
                break;
            case < 80:
                await CancelAsync(client, dice, order);
                break;
            case < 90:
                unpaid.Enqueue((_history.Now + (_schedule.PaymentTimeoutSeconds < 60 ? dice.Next(1_500, 3_000) : 500), order));
                break;
        }

        if (dice.Next(3) == 0)
        {
            await LookAsync(client, dice, order);
        }
    }

    // Until it is this buyer's turn. Null when there is none.
    private async Task<string?> TurnAsync(Random dice, long user)
    {
        var registers = true;
        for (var look = 0; look < Looks && !_enough.IsCancellationRequested; look++)
        {
            var member = Api(dice.Next(2));
            var begun = _history.Now;
            var answer = await _buyers.QueueAsync(member.Now, user, registers);
            _history.Add(new QueueLook(
                member.Name, user, begun, _history.Now, answer.Status, answer.Said, answer.Reason, answer.Position, answer.Pass));
            if (answer.Pass is not null || (answer.Reason is "sold-out" or "sale-closed" && dice.Next(4) == 0))
            {
                return answer.Pass;
            }

            registers = answer.Said is not ("registered" or "waiting");
            await Task.Delay(dice.Next(60, 200));
        }

        return null;
    }

    private async Task<Operation> ClickAsync(int client, int api, long user, long sku, int quantity, string? key, string? pass)
    {
        var member = Api(api);
        var begun = _history.Now;
        var answer = await _buyers.ClickAsync(member.Now, user, key, quantity, sku, pass);
        return Add(new Operation(
            client, Act.Order, member.Name, user, sku, quantity, key, answer.IsAccepted ? answer.OrderId : null, begun, _history.Now,
            answer.Status, answer.Code, answer.IsAccepted ? [] : answer.OrderIds) { Pass = pass });
    }

    // The provider tells until it is heard.
    private Task PayAsync(int client, Random dice, Operation order, string payment) => InsistAsync(
        client, dice, Act.Pay, order, payment,
        api => _buyers.PayAsync(api.Now, payment, order.OrderId!, (long)order.Quantity * Sale.UnitPrice));

    private Task CancelAsync(int client, Random dice, Operation order) => InsistAsync(
        client, dice, Act.Cancel, order, null, api => _buyers.CancelAsync(api.Now, order.UserId, order.OrderId!));

    private Task LookAsync(int client, Random dice, Operation order) => InsistAsync(
        client, dice, Act.Look, order, null, api => _buyers.LookAsync(api.Now, order.UserId, order.OrderId!));

    private async Task InsistAsync(int client, Random dice, Act act, Operation order, string? key, Func<Member, Task<Answer>> ask)
    {
        var api = dice.Next(2);
        for (var tries = 0; tries < Tries; tries++)
        {
            var member = Api(api + tries);
            var begun = _history.Now;
            var answer = await ask(member);
            var operation = Add(new Operation(
                client, act, member.Name, order.UserId, order.SkuId, 0, key, order.OrderId, begun, _history.Now,
                answer.Status, answer.Said, []));
            // The clock of an API is wrong by more than a signature may be old: another instance may know better.
            if (!operation.IsUnknown && operation.Status != 401)
            {
                return;
            }

            await Task.Delay(s_betweenTries);
        }
    }

    private Operation Add(Operation operation)
    {
        _history.Add(operation);
        return operation;
    }

    private Member Api(int at) => _stage.Apis[at % _stage.Apis.Count];

    private static string NewPayment() => "pay-" + Guid.NewGuid().ToString("N");
}
