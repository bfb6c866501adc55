using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Seckill.Chaos.Invariants;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;

namespace Seckill.Chaos;

/// <summary>
/// The end of a sale. Unpaid orders are cancelled, the sale is closed, and it is archived while an InventoryService kills itself at a step
/// of the archive. The export must have every order, and Redis no key of the sale.
/// </summary>
internal sealed class SaleEnd(Stage stage, Buyers buyers, Random dice)
{
    private static readonly string[] s_steps =
        ["archive-written", "archive-not-committed", "archive-committed", "archive-catalog-removed", "archive-item-removed"];

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(40) };

    private Sale Sale => buyers.Sale;

    /// <exception cref="InvariantException">Something is missing, or left.</exception>
    public async Task ArchiveAsync(IEnumerable<Books.Row> rows)
    {
        await Crowd.AllAsync(rows.Where(row => row.Status == "placed"), async order => await Eventually.IsTrueAsync(
            $"{order} is cancelled",
            async () => await buyers.CancelAsync(Any(stage.Apis).Now, order.UserId, order.OrderId) is { Status: 200 or 409 }, s_limit));
        await UntilAsync("close");
        var victim = Any(stage.Inventories);
        victim.ArmFailPoint(s_steps[dice.Next(s_steps.Length)]);
        var archive = await UntilAsync("archive");
        victim.DisarmFailPoint();
        await victim.StartAsync();
        await CompareAsync(archive.GetProperty("orders").GetInt64());
        await Eventually.IsTrueAsync("Redis has nothing of the sale", async () => !await IsInRedisAsync(), s_limit);
    }

    // Each service in turn, until one says yes; who has died comes back.
    private async Task<JsonElement> UntilAsync(string verb)
    {
        JsonElement body = default;
        await Eventually.IsTrueAsync($"the answer to {verb} is 200", async () =>
        {
            foreach (var inventory in stage.Inventories)
            {
                await inventory.StartAsync();
                (var answer, body) = await Operator.TryAsync(inventory.Now, HttpMethod.Post, $"/sales/{Sale.Id}/{verb}");
                if (answer.Status == 200)
                {
                    return true;
                }
            }

            return false;
        }, s_limit);
        return body;
    }

    private async Task CompareAsync(long archived)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(stage.Inventories[0].Now.Url, $"/sales/{Sale.Id}/export"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentKeys.Ops);
        using var response = await s_http.SendAsync(request);
        var content = await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
        var digest = $"sha-256=:{Convert.ToBase64String(SHA256.HashData(content))}:";
        var headers = response.Headers.Concat(response.Content.Headers);
        if (!headers.Any(header => header.Key == "Content-Digest" && header.Value.Contains(digest)))
        {
            throw new InvariantException("archive", "the export is not what its digest says");
        }

        var exported = Encoding.UTF8.GetString(content).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .Where(line => line.GetProperty("type").GetString() == "order")
            .Select(line => $"{line.GetProperty("orderId").GetString()} {line.GetProperty("status").GetString()}").ToArray();
        await using var connection = await stage.Direct.Orders.OpenConnectionAsync();
        var rows = await connection.QueryAsync<string>("select order_id || ' ' || status from orders where sale_id = @Id", new { Sale.Id });
        var different = rows.Except(exported).Concat(exported.Except(rows)).ToArray();
        if (different.Length > 0 || archived != exported.Length)
        {
            throw new InvariantException(
                "archive", $"{archived} orders archived, {exported.Length} exported, different: {string.Join(", ", different.Take(5))}");
        }
    }

    private async Task<bool> IsInRedisAsync()
    {
        foreach (var sku in Sale.Skus)
        {
            if (await stage.Direct.Redis.KeyExistsAsync(Stage.KeysOf(Sale, sku)) > 0)
            {
                return true;
            }
        }

        return await stage.Direct.Redis.KeyExistsAsync(Stage.RoomKeysOf(Sale)) > 0
            || await stage.Direct.Redis.HashExistsAsync("seckill:sales", Sale.Id);
    }

    private Member Any(IReadOnlyList<Member> members)
    {
        lock (dice)
        {
            return members[dice.Next(members.Count)];
        }
    }
}
