using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>A sale of one test alone that has a waiting room, as the administration opens it.</summary>
internal sealed class QueuedSale
{
    private static readonly RoomLedger s_rooms = new(Servers.Redis);
    private readonly StorefrontHost _storefront;
    private RoomPlan _plan;

    private QueuedSale(StorefrontHost storefront, TestItem item, RoomPlan plan) => (_storefront, Item, _plan) = (storefront, item, plan);

    public TestItem Item { get; }

    public long Id => Item.Key.SaleId;

    public string Path => string.Create(CultureInfo.InvariantCulture, $"/sales/{Id}/queue");

    /// <param name="opensIn">Time until the draw.</param>
    /// <param name="change">Changes what the room is planned like.</param>
    public static async Task<QueuedSale> OpenAsync(
        StorefrontHost storefront, TimeSpan opensIn, int units = 100, Func<RoomPlan, RoomPlan>? change = null,
        RoomPolicy policy = RoomPolicy.FailClosed, int limit = 2)
    {
        var item = new TestItem();
        var closesIn = TimeSpan.FromHours(5);
        await item.PlanInPostgresAsync(units, limit, opensIn, closesIn);
        var plan = new RoomPlan(
            item.Key.SaleId, null, item.Plan(opensIn: opensIn).OpensAt, 1_000, 600, 0, 0, null, null, RoomMode.Open, 1);
        var sale = new QueuedSale(storefront, item, change?.Invoke(plan) ?? plan);
        await s_rooms.WarmAsync(sale._plan);
        var catalog = new SaleCatalog(Servers.Redis);
        await catalog.AddNumberAsync(item.Number, item.Key);
        await catalog.AddSaleAsync(new OpenedSale(sale.Id, "Test", [item.Key.SkuId], HasRoom: true));
        await TestItem.Ledger.WarmAsync(item.Keys, item.Plan(units, limit, opensIn, closesIn) with { Room = policy });
        return sale;
    }

    /// <summary>As the operator changes it.</summary>
    public Task ChangeAsync(Func<RoomPlan, RoomPlan> change) =>
        s_rooms.WarmAsync(_plan = change(_plan) with { Version = _plan.Version + 1 });

    public Task<(int Status, JsonElement Body)> RegisterAsync(long user, string? work = null, string? token = null) =>
        AskAsync(HttpMethod.Post, Path, user, work is null ? null : (QueueWork.Header, work), token: token);

    public Task<(int Status, JsonElement Body)> PollAsync(long user) => AskAsync(HttpMethod.Get, Path, user);

    /// <param name="key">The Idempotency-Key.</param>
    /// <param name="at">Another instance than that of the sale.</param>
    public Task<(int Status, JsonElement Body)> OrderAsync(
        long user, string? pass, string? key = null, StorefrontHost? at = null) => AskAsync(
        HttpMethod.Post, "/orders", user, pass is null ? null : (SalePass.Header, pass),
        string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{Id}},"skuId":{{Item.Key.SkuId}},"quantity":1}"""), key: key, at: at);

    /// <summary>Status and code of a refusal.</summary>
    public static (int Status, string? Code) Refusal((int Status, JsonElement Body) answer) =>
        (answer.Status, answer.Body.TryGetProperty("code", out var code) ? code.GetString() : answer.Body.ToString());

    /// <summary>Asks until the buyer is told this state.</summary>
    public async Task<JsonElement> BecomesAsync(long user, string state)
    {
        var told = default(JsonElement);
        await Eventually.IsTrueAsync($"the buyer is {state}", async () =>
            (told = (await PollAsync(user)).Body).TryGetProperty("state", out var now) && now.GetString() == state);
        return told;
    }

    /// <summary>Asks until the buyer has a pass.</summary>
    public async Task<string> PassAsync(long user) => (await BecomesAsync(user, "admitted")).GetProperty("pass").GetString()!;

    public async Task<QueueFile> ProofAsync(IEnumerable<QueueReceipt> receipts)
    {
        var (status, body) = await AskAsync(HttpMethod.Get, Path + "/proof", null);
        Assert.Equal(200, status);
        return new QueueFile(body.Deserialize(QueueJson.Default.QueueProof)!, [.. receipts]);
    }

    public async Task<QueueReceipt> ReceiptAsync(long user)
    {
        var (status, body) = await AskAsync(HttpMethod.Get, Path + "/receipt", user);
        Assert.True(status == 200, body.ToString());
        return body.Deserialize(QueueJson.Default.QueueReceipt)!;
    }

    public async Task<(int Status, JsonElement Body)> AskAsync(
        HttpMethod method, string path, long? user, (string Name, string Value)? header = null, string? json = null, string? token = null,
        string? key = null, StorefrontHost? at = null)
    {
        using var client = (at ?? _storefront).CreateClient();
        using var request = new HttpRequestMessage(method, path);
        if (user is { } buyer)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? _storefront.Token(buyer));
        }

        if (header is { } one)
        {
            request.Headers.Add(one.Name, one.Value);
        }

        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        request.Content = json is null ? null : new StringContent(json, new MediaTypeHeaderValue("application/json"));
        using var response = await client.SendAsync(request).InTime();
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(body.Length > 0, $"{method} {path} was answered {response}");
        return ((int)response.StatusCode, JsonSerializer.Deserialize<JsonElement>(body));
    }
}
