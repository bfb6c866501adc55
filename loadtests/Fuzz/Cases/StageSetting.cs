using System.Text.Json;
using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz.Cases;

/// <summary>Sets the stage: sales in each state, and orders in most.</summary>
internal sealed class StageSetting(Requests requests, Client client)
{
    private const int OrdersOfEach = 3;
    private const int MostTries = 50;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private readonly Stage _stage = requests.Stage;

    public async Task PrepareAsync()
    {
        await ExpectAsync(201, requests.Create(Stage.NewSale(_stage.OpenSale)));
        await ExpectAsync(201, requests.Create(Stage.NewSale(_stage.UpcomingSale, opensIn: 48)));
        await ExpectAsync(201, requests.Create(Stage.NewSale(_stage.ClosedSale)));
        await ExpectAsync(201, requests.Create(Stage.NewSale(_stage.CreatedSale)));
        foreach (var sale in new[] { _stage.OpenSale, _stage.UpcomingSale, _stage.ClosedSale })
        {
            await ExpectAsync(200, requests.OfSale("POST", sale, "/open"));
        }

        await ExpectAsync(200, requests.OfSale("POST", _stage.ClosedSale, "/close"));
        foreach (var (n, user) in Enumerable.Repeat(Stage.Users, OrdersOfEach).SelectMany(users => users).Index())
        {
            var accepted = await ExpectAsync(202, requests.Order(_stage.OpenSale, Stage.FirstSku, user, key: $"stage-{n}"));
            _stage.Orders.Add(new KnownOrder(accepted.GetProperty("orderId").GetString()!, user));
        }

        await ExpectAsync(422, requests.Order(_stage.OpenSale, Stage.FirstSku, _stage.Orders[0].UserId, quantity: 2, key: "stage-0"));
        await ExpectAsync(200, requests.OfOrder("POST", _stage.Orders[0], "/cancel"));
        await ExpectAsync(200, requests.Pay($"pay-{_stage.FirstSaleId}-first", _stage.Orders[1].OrderId, Stage.UnitPrice));
    }

    private async Task<JsonElement> ExpectAsync(int status, RawRequest request)
    {
        var answers = await client.SendAsync(request, 0);
        for (var tries = 1; answers is [{ Status: 503 }] && tries < MostTries; tries++)
        {
            await Task.Delay(s_pause);
            answers = await client.SendAsync(request, 0);
        }

        return answers is [var answer] && answer.Status == status
            ? StrictJson.Parse(answer.Body)!.Value
            : throw new InvalidOperationException(
                $"The stage cannot be set: {request.Method} {request.Target} got "
                + (answers is [var first, ..] ? first.ToString() : "nothing usable"));
    }
}
