using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz.Cases;

/// <summary>
/// The life of a sale of its own: create, open, order, pay, cancel, change the stock, audit, close, open again. Garbled requests, replays
/// and a second client come between the steps. The steps follow from the seed; ids of orders come from the answers.
/// </summary>
internal sealed class SaleSequence(Requests requests, Faults faults, Draw draw, int number)
{
    private readonly long _saleId = requests.Stage.SaleOf(number);
    private readonly List<KnownOrder> _orders = [];
    private readonly List<RawRequest> _sent = [];
    private readonly int _items = 1 + draw.Below(2);

    public async Task RunAsync(Client client)
    {
        var sale = Stage.NewSale(
            _saleId, _items, units: draw.Below(9), limit: 1 + draw.Below(3), opensIn: draw.OneIn(8) ? 1 : -1,
            paymentTimeoutSeconds: draw.From(1, 2, 900, 604_800));
        await StepAsync(client, requests.Create(sale));
        await StepAsync(client, requests.OfSale("POST", _saleId, "/open"));
        for (var steps = 8 + draw.Below(14); steps > 0; steps--)
        {
            await StepAsync(client, Next());
        }

        await StepAsync(client, requests.OfSale("POST", _saleId, "/close"));
        await StepAsync(client, Next());
    }

    private async Task StepAsync(Client client, RawRequest request)
    {
        if (draw.OneIn(3))
        {
            var garbled = request.Copy();
            faults.Damage(draw, garbled);
            await SendAsync(client, garbled);
        }

        if (draw.OneIn(4))
        {
            // A second client, at the same moment.
            var other = draw.OneIn(2) ? request.Copy() : Next();
            await Task.WhenAll(SendAsync(client, request), SendAsync(client, other));
        }
        else
        {
            await SendAsync(client, request);
        }

        if (draw.OneIn(5))
        {
            await SendAsync(client, draw.From(_sent).Copy());
        }
    }

    private RawRequest Next()
    {
        var (sku, user) = (Stage.FirstSku + draw.Below(_items + 1), User());
        var order = _orders.Count > 0 ? draw.From(_orders) : new KnownOrder(draw.Hex(32), user);
        return draw.Below(16) switch
        {
            < 5 => requests.Order(_saleId, sku, user, 1 + draw.Below(2), draw.OneIn(2) ? $"k{draw.Below(4)}" : null),
            5 => requests.OfOrder("GET", order),
            6 => requests.OfOrder("GET", order, "/events"),
            7 => requests.OfOrder("POST", order, "/cancel"),
            8 => requests.Pay($"pay-{_saleId}-{draw.Below(4)}", order.OrderId, Stage.UnitPrice * (1 + draw.Below(2))),
            9 => requests.Pay($"pay-{_saleId}-{draw.Below(4)}", order.OrderId, Stage.UnitPrice),
            10 => requests.Stock(_saleId, sku, draw.From(-5, -1, 1, 2, 5), $"s{draw.Below(6)}"),
            11 => requests.PublicSale(_saleId),
            12 => requests.OfSale("GET", _saleId, draw.From("", "/ledger")),
            13 => requests.OfSale("POST", _saleId, draw.From("/audit", "/audit?repair=true")),
            14 => requests.OfSale("POST", _saleId, draw.From("/close", "/rebuild")),
            _ => requests.OfSale("POST", _saleId, "/open"),
        };
    }

    private long User() => draw.From(Stage.Users);

    private async Task SendAsync(Client client, RawRequest request)
    {
        lock (_sent)
        {
            _sent.Add(request);
        }

        foreach (var answer in await client.SendAsync(request, number))
        {
            if (answer.Status == 202 && StrictJson.Parse(answer.Body) is { } body && body.TryGetProperty("orderId", out var id))
            {
                lock (_sent)
                {
                    _orders.Add(new KnownOrder(id.GetString()!, request.UserId));
                }
            }
        }
    }
}
