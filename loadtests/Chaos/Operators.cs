using System.Text.Json;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Chaos;

/// <summary>
/// The operators of a run, at both inventory services: one closes and opens the sale, two change its stock, rebuild and repair it, and
/// switch the dual write. What has no definite answer is asked again, a change of stock under the same key.
/// </summary>
internal sealed class Operators : IAsyncDisposable
{
    // Asked again while faults last, and that often.
    private const int Tries = 100;
    private static readonly TimeSpan s_betweenTries = TimeSpan.FromMilliseconds(100);
    private static readonly string[] s_modes = ["shadow", "shadow", "dual", "dual", "dual", "off", "retired"];
    private readonly Stage _stage;
    private readonly Sale _sale;
    private readonly Schedule _schedule;
    private readonly History _history;
    private readonly CancellationTokenSource _enough = new();
    private readonly Task[] _operators;

    public Operators(Stage stage, Sale sale, Schedule schedule, History history)
    {
        (_stage, _sale, _schedule, _history) = (stage, sale, schedule, history);
        _operators = [Work(0, CloseAndOpenAsync), Work(1, KeepAsync), Work(2, KeepAsync)];
    }

    /// <summary>Begins nothing more; what is under way gets its answer.</summary>
    public async Task LeaveAsync()
    {
        await _enough.CancelAsync();
        await Task.WhenAll(_operators);
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        _enough.Dispose();
    }

    private Task Work(int number, Func<int, Random, Task> act) => Task.Run(async () =>
    {
        var dice = new Random((_schedule.Seed * 10) + number);
        while (!_enough.IsCancellationRequested)
        {
            await PauseAsync(dice.Next(50, 500));
            await act(number, dice);
        }
    });

    // Ends with an open sale, so that the buyers have something to do.
    private async Task CloseAndOpenAsync(int number, Random dice)
    {
        var opening = dice.Next(5) == 0 ? ChangeStateAsync(number, dice, OperatorAct.Open) : Task.CompletedTask;
        await ChangeStateAsync(number, new Random(dice.Next()), OperatorAct.Close);
        await opening;
        await PauseAsync(dice.Next(100, 900));
        await ChangeStateAsync(number, dice, OperatorAct.Open);
    }

    private async Task KeepAsync(int number, Random dice)
    {
        switch (dice.Next(100))
        {
            case < 65:
                var sku = _sale.Skus[dice.Next(_sale.Skus.Count)];
                var delta = dice.Next(1, (_schedule.Units / 10) + 2) * (dice.Next(2) == 0 ? 1 : -1);
                var key = Buyers.NewKey();
                await InsistAsync(number, dice, OperatorAct.ChangeStock, _stage.Inventories, async service => (await Operator.TryAsync(
                    service, HttpMethod.Post, $"/sales/{_sale.Id}/items/{sku}/stock", new { delta }, key)).Answer, sku, delta, key);
                break;
            case < 75:
                await InsistAsync(number, dice, OperatorAct.Rebuild, _stage.Inventories, RebuildAsync);
                break;
            case < 80:
                await RefundAsync(number, dice);
                break;
            case < 87:
                await InsistAsync(number, dice, OperatorAct.Repair, _stage.Inventories, async service =>
                    (await Operator.TryAsync(service, HttpMethod.Post, $"/sales/{_sale.Id}/audit?repair=true")).Answer);
                break;
            default:
                var (mode, readFromNewPercent) = (s_modes[dice.Next(s_modes.Length)], dice.Next(0, 101));
                await InsistAsync(number, dice, OperatorAct.SwitchLegacy, _stage.Apis, async service => (await Operator.TryAsync(
                    service, HttpMethod.Put, "/dual-write", new { mode, readFromNewPercent })).Answer, detail: mode);
                break;
        }
    }

    // Parts of paid orders, repeatedly: the requests add up to more than was paid.
    private async Task RefundAsync(int number, Random dice)
    {
        Operation[] paid = [.. _history.Operations.Where(operation => operation is { Act: Act.Pay, Said: "accepted" }).Take(50)];
        if (paid.Length == 0)
        {
            return;
        }

        var (order, amount, key) = (paid[dice.Next(paid.Length)].OrderId!, dice.Next(1, Sale.UnitPrice), Buyers.NewKey());
        await InsistAsync(number, dice, OperatorAct.Refund, _stage.Inventories, async service => (await Operator.TryAsync(
            service, HttpMethod.Post, $"/orders/{order}/refund", new { amount }, key)).Answer, delta: amount, detail: order);
    }

    private Task ChangeStateAsync(int number, Random dice, OperatorAct act) =>
        InsistAsync(number, dice, act, _stage.Inventories, async service => (await Operator.TryAsync(
            service, HttpMethod.Post, $"/sales/{_sale.Id}/{(act == OperatorAct.Open ? "open" : "close")}")).Answer);

    // Answered when it is done, or at once, and then it is looked at until it is done.
    private async Task<Answer> RebuildAsync(ServiceProcess service)
    {
        var path = $"/sales/{_sale.Id}/rebuild";
        var (answer, _) = await Operator.TryAsync(service, HttpMethod.Post, path);
        for (var look = 0; answer.Status == 202 && look < Tries; look++)
        {
            await Task.Delay(s_betweenTries);
            var (seen, body) = await Operator.TryAsync(_stage.Inventories[look % _stage.Inventories.Count].Now, HttpMethod.Get, path);
            if (seen.Status == 200 && !IsUnderWay(body))
            {
                break;
            }
        }

        return answer;
    }

    private static bool IsUnderWay(JsonElement rebuild) =>
        rebuild.TryGetProperty("state", out var state) && state.GetString() is "waiting" or "queued" or "started" or "running";

    private async Task InsistAsync(
        int number, Random dice, OperatorAct act, IReadOnlyList<Member> services, Func<ServiceProcess, Task<Answer>> ask, long sku = 0,
        int delta = 0, string detail = "")
    {
        for (var tries = 0; tries < Tries || !_enough.IsCancellationRequested; tries++)
        {
            var service = services[dice.Next(services.Count)];
            var begun = _history.Now;
            var answer = await ask(service.Now);
            var call = new OperatorCall(
                number, act, service.Name, sku, delta, detail, begun, _history.Now, answer.Status, answer.Said);
            _history.Add(call);
            if (!call.IsUnknown)
            {
                return;
            }

            await Task.Delay(s_betweenTries);
        }
    }

    private async Task PauseAsync(int milliseconds) =>
        await Task.Delay(milliseconds, _enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
