using System.Globalization;
using System.Text.Json;
using Dapper;
using RabbitMQ.Client;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: whatever dies, the events of a sale are the history of its orders, in order for each order, for those who read them and for
/// those who consume them. Broken by an event beside the transaction of its change, and by a position that moves before the broker
/// confirms.
/// </summary>
public sealed class OrderEventCrashTests(StoreConnections servers)
{
    private const int Rounds = 4;
    private const int OrdersInARound = 40;

    [Fact]
    public async Task Workers_and_inventory_services_are_killed_and_no_event_is_missing_or_out_of_order()
    {
        await using var installation = new Installation();
        var failPoint = Path.Combine(Path.GetTempPath(), $"seckill-fail-point-{Guid.NewGuid():N}");
        (string, string?)[] settings = [("SECKILL_FAIL_POINT", failPoint)];
        var (api, worker, inventory) = (installation.StartApi(), installation.StartWorker(), installation.StartInventory(settings));
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 1_000, paymentTimeoutSeconds: 6);
        using var buyers = new Buyers(sale);
        await using var connection = await new ConnectionFactory { Uri = new Uri(Servers.RabbitMqConnection) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.ExchangeDeclareAsync("seckill.orders", ExchangeType.Topic, durable: true);
        var queue = (await channel.QueueDeclareAsync()).QueueName;
        await channel.QueueBindAsync(queue, "seckill.orders", $"{sale.Id}.#");

        for (var round = 0; round < Rounds; round++)
        {
            var orders = new Attempt[OrdersInARound];
            var buying = Crowd.AllAsync(Enumerable.Range(0, OrdersInARound), async i =>
            {
                orders[i] = await buyers.InsistAsync([api], buyers.NewUser(), Buyers.NewKey());
                Assert.Equal(202, orders[i].Status);
            });
            await worker.KillAsync();
            worker = installation.StartWorker();
            await buying;
            // Dies between the confirm of the broker and the commit of the position, as soon as it has something to publish.
            await File.WriteAllTextAsync(failPoint, "events-published", TestContext.Current.CancellationToken);
            await Crowd.AllAsync(Enumerable.Range(0, OrdersInARound), async i =>
            {
                if (i % 3 == 0)
                {
                    await buyers.PayAsync(api, orders[i].OrderId, orders[i].OrderId, Sale.UnitPrice);
                }
                else if (i % 3 == 1)
                {
                    await buyers.CancelAsync(api, orders[i].UserId, orders[i].OrderId);
                }
            });
            await inventory.ExitsAsync();
            inventory = installation.StartInventory(settings);
        }

        await inventory.BecomesAsync(200);
        var history = new Dictionary<string, string>();
        await Eventually.IsTrueAsync("every order has ended", async () =>
        {
            history = await HistoryAsync(sale);
            return history.Count == Rounds * OrdersInARound && !history.ContainsValue("placed");
        });
        var read = new List<(string Id, string Order, string Kind)>();
        await Eventually.IsTrueAsync("the log has all events", async () =>
            (read = await ReadAsync(inventory, sale)).Count == 2 * history.Count);
        Assert.Equal(history.OrderBy(one => one.Key), LivesOf(read).OrderBy(one => one.Key));

        var consumed = new List<(string Id, string Order, string Kind)>();
        await Eventually.IsTrueAsync("a consumer has all events", async () =>
        {
            while (await channel.BasicGetAsync(queue, autoAck: true) is { } message)
            {
                consumed.Add(EventOf(JsonDocument.Parse(message.Body).RootElement));
                Assert.Equal(consumed[^1].Id, message.BasicProperties.MessageId);
            }

            return consumed.DistinctBy(one => one.Id).Count() >= read.Count;
        });
        // The kills were between confirm and commit, so something came twice; a consumer that knows the ids sees each once, in order.
        Assert.True(consumed.Count > read.Count, "No kill repeated an event: the fail point did not do its work.");
        Assert.Equal(read, consumed.DistinctBy(one => one.Id).ToList());
    }

    private async Task<Dictionary<string, string>> HistoryAsync(Sale sale)
    {
        await using var connection = await servers.Orders.OpenConnectionAsync();
        return (await connection.QueryAsync<(string Id, string Status)>(
            "select order_id, status from orders where sale_id = @Id", new { sale.Id })).ToDictionary(row => row.Id, row => row.Status);
    }

    // The last status, if the events of the order are a life: placed, then one end.
    private static Dictionary<string, string> LivesOf(List<(string Id, string Order, string Kind)> events) =>
        events.GroupBy(one => one.Order).ToDictionary(
            life => life.Key,
            life => life.Select(one => one.Kind).ToList() is ["order.placed", var end] ? end["order.".Length..] : "no life");

    private static async Task<List<(string Id, string Order, string Kind)>> ReadAsync(ServiceProcess inventory, Sale sale)
    {
        var (events, after) = (new List<(string, string, string)>(), 0L);
        while (true)
        {
            var page = (await Operator.AskAsync(inventory, HttpMethod.Get, $"/events?after={after}")).EnumerateArray().ToList();
            if (page.Count == 0)
            {
                return events;
            }

            after = long.Parse(page[^1].GetProperty("sequence").GetString()!, CultureInfo.InvariantCulture);
            events.AddRange(page.Where(one => one.GetProperty("data").GetProperty("saleId").GetInt64() == sale.Id).Select(EventOf));
        }
    }

    private static (string Id, string Order, string Kind) EventOf(JsonElement one) =>
        (one.GetProperty("id").GetString()!, one.GetProperty("subject").GetString()!, one.GetProperty("type").GetString()!);
}
