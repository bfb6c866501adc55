using System.Collections.Concurrent;
using Dapper;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>One sale in the real stores beside its model: takes each step in both, and compares.</summary>
internal sealed class ModelWorld
{
    private const int Units = 6, Limit = 3;
    private readonly StoreFixture _stores;
    private readonly TestSale _sale;
    private readonly ConcurrentDictionary<string, int> _visited;
    private readonly Model _model = new(Units, Limit);
    private readonly List<ReservedOrder> _real = [];

    private ModelWorld(StoreFixture stores, TestSale sale, ConcurrentDictionary<string, int> visited) =>
        (_stores, _sale, _visited) = (stores, sale, visited);

    public static async Task<ModelWorld> OpenAsync(StoreFixture stores, ConcurrentDictionary<string, int> visited) =>
        new(stores, await TestSale.OpenAsync(stores, Units, Limit), visited);

    public Task TakeAsync(Step step) => step.Kind switch
    {
        "reserve" => ReserveAsync(step.Which % 3 + 1, Math.Abs(step.Amount) % 3 + 1),
        "stock" => ChangeAsync($"key-{step.Which % 6}", step.Amount == 0 ? -4 : step.Amount),
        _ when _real.Count == 0 => Task.CompletedTask,
        "place" => PlaceAsync(step.Which),
        "pay" => PayAsync(step.Which % _real.Count, $"{step.Amount & 1}", right: true),
        "pay-wrong" => PayAsync(step.Which % _real.Count, $"wrong-{step.Amount & 1}", right: false),
        "cancel" => CancelAsync(step.Which % _real.Count),
        "expire" => ExpireAsync(step.Which % _real.Count),
        _ => ReturnAsync(step.Amount),
    };

    public async Task AssertSameAsync()
    {
        var redis = await _sale.InspectAsync();
        Assert.Equal((_model.Available, _model.Held, _model.Allocated), (redis.Available, redis.Held, redis.Allocated));
        await using var connection = await _stores.Database.OpenConnectionAsync();
        var row = await connection.QuerySingleAsync<(int Allocated, int Live)>(
            "select allocated, live from sale_items where sale_id = @SaleId", new { _sale.Item.SaleId });
        Assert.Equal((_model.Allocated, _model.Live), row);
        var statuses = await _sale.StatusesAsync();
        Assert.Equal(
            _model.Orders.Select((order, i) => (_real[i].OrderId, order.Status)).Where(order => order.Status != "reserved").Order(),
            statuses.Select(order => (order.Key, order.Value)).Order());
        var ids = _real.Select(order => order.OrderId).ToArray();
        Assert.Equal(
            _model.Refunds.Order(StringComparer.Ordinal),
            (await connection.QueryAsync<string>("select reason from refunds where order_id = any(@ids)", new { ids }))
                .Order(StringComparer.Ordinal));
        Assert.Equal(
            _model.Orders.Where(order => order.Holds).GroupBy(order => order.User)
                .Select(user => (user.Key, user.Sum(order => order.Quantity))).Order(),
            (await _stores.Redis.HashGetAllAsync(_sale.Keys.Buyers)).Select(buyer => ((long)buyer.Name, (int)buyer.Value)).Order());
    }

    private async Task ReserveAsync(long user, int quantity)
    {
        var (outcome, order) = await _sale.TryReserveAsync(user, quantity);
        Assert.Equal(_model.MayReserve(user, quantity), outcome == ReserveOutcome.Reserved);
        if (outcome == ReserveOutcome.Reserved)
        {
            _model.Orders.Add(new ModelOrder(user, quantity));
            _real.Add(order);
        }
        else
        {
            Visit("refused");
        }
    }

    // A message has one order or several, new ones and old ones.
    private async Task PlaceAsync(int which)
    {
        var chosen = Enumerable.Range(0, _real.Count).Where(i => which % 3 == 0 || i % (which % 3 + 1) == 0).ToList();
        await _sale.ConsumeAsync([.. chosen.Select(i => _real[i])]);
        foreach (var order in chosen.Select(i => _model.Orders[i]).Where(order => order.Status == "reserved"))
        {
            order.Status = "placed";
        }
    }

    private async Task PayAsync(int which, string name, bool right)
    {
        var (order, paymentId) = (_real[which], $"{_real[which].OrderId}-{name}");
        var refunds = _model.Refunds.Count;
        var expected = _model.Pay(_model.Orders[which], paymentId, right);
        Assert.Equal(expected, (await _sale.PayAsync(order, paymentId, right ? null : TestSale.Price * order.Quantity + 1)).ToString());
        Visit(_model.Refunds.Count > refunds ? _model.Refunds[^1] : expected);
    }

    private async Task CancelAsync(int which)
    {
        var may = _model.Orders[which].Status == "placed";
        Assert.Equal(may, await _stores.Closing.TryCancelAsync(_real[which].OrderId, CancellationToken.None));
        _model.Orders[which].Status = may ? "cancelled" : _model.Orders[which].Status;
    }

    private async Task ExpireAsync(int which)
    {
        await _sale.MakeOverdueAsync(_real[which].OrderId);
        // Another sale's worker may have been first, and that is as good.
        await Eventually.IsTrueAsync("the overdue order is expired", async () =>
            {
                await _stores.Closing.ExpireAsync(50, CancellationToken.None);
                return await _sale.CountAsync("orders where sale_id = @SaleId and status = 'placed' and pay_by < now()") == 0;
            });
        if (_model.Orders[which].Status == "placed")
        {
            _model.Orders[which].Status = "expired";
        }
    }

    // Releases what waits, whether it was released before or not: the mark is the returner's own business.
    private async Task ReturnAsync(int most)
    {
        await using var connection = await _stores.Database.OpenConnectionAsync();
        var waiting = (await connection.QueryAsync<string>(
            "select order_id from stock_returns where sale_id = @SaleId order by order_id limit @most",
            new { _sale.Item.SaleId, most = most + 4 })).ToArray();
        await _stores.Stock.ReleaseAsync(_sale.Keys, waiting);
        for (var i = 0; i < _real.Count; i++)
        {
            if (waiting.Contains(_real[i].OrderId) && _model.Orders[i].Holds)
            {
                _model.Orders[i].Holds = false;
                Visit("returned");
            }
        }
    }

    private async Task ChangeAsync(string key, int delta)
    {
        var expected = _model.Change(key, delta);
        Assert.Equal(expected, (await _stores.Changes.ChangeAsync(_sale.Item, key, delta, CancellationToken.None)).ToString());
        Visit(expected);
    }

    private void Visit(string place) => _visited.AddOrUpdate(place, 1, (_, count) => count + 1);
}
