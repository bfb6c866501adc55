using System.Globalization;
using System.Text.RegularExpressions;
using Seckill.System.Tests.Alerts;
using Seckill.Tests.Harness.Clients;

namespace Seckill.System.Tests.Interface;

/// <summary>
/// Promise: the clients of docs/INTEGRATION.md run as they stand there, from the click to the payment. Broken by an example that was
/// never run, or an interface that changes under it.
/// </summary>
[Collection(AsAStranger.Name)]
public sealed partial class GuideTests(RunningShop shop)
{
    [Theory]
    [InlineData("js", "node", "client.mjs")]
    [InlineData("csharp", "dotnet", "run", "client.cs", "--")]
    public async Task A_client_of_the_guide_buys_and_follows_its_order_to_the_end(
        string language, string program, params string[] arguments)
    {
        if (program == "node")
        {
            RunningShop.NeedsNode();
        }

        var folder = Directory.CreateTempSubdirectory("seckill-guide-");
        try
        {
            var guide = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "INTEGRATION.md"));
            var code = Block().Matches(guide).First(block => block.Groups["language"].Value == language).Groups["code"].Value;
            var file = Array.Find(arguments, one => one.StartsWith("client", StringComparison.Ordinal))!;
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, file), code);
            var sale = shop.Buyers.Sale;
            using var client = Command.Start(
                folder.FullName, shop.NewBuyer(), program,
                [.. arguments, sale.Id.ToString(CultureInfo.InvariantCulture), sale.Skus[0].ToString(CultureInfo.InvariantCulture)]);
            var first = await client.NextLineAsync();
            if (first is null)
            {
                Assert.Fail(await client.EndsAsync());
            }

            var orderId = first.Split(' ')[0];
            Assert.Equal(32, orderId.Length);
            await Eventually.IsTrueAsync("the order is paid", async () =>
                (await shop.Buyers.PayAsync(shop.Api, "pay-" + orderId, orderId, Sale.UnitPrice)).Status == 200);
            var statuses = (await client.EndsAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal("paid", statuses[^1]);
            // A client that begins to follow after the payment sees only that.
            Assert.All(statuses, status => Assert.True(status is "reserved" or "placed" or "paid", status));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex("^```(?<language>\\w+)\n(?<code>[\\s\\S]*?)^```$", RegexOptions.Multiline)]
    private static partial Regex Block();
}
