using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: an archive that dies at any line is finished by the next process, or was never begun: the export is whole, and Redis has
/// nothing. Broken by keys that are removed before the export is committed, and by a finish that depends on the caller.
/// </summary>
public sealed class ArchiveCrashTests(StoreConnections servers)
{
    // As the code reaches them; up to the third nothing is committed.
    private static readonly string[] s_steps =
        ["archive-written", "archive-not-committed", "archive-committed", "archive-catalog-removed", "archive-item-removed"];

    [Fact]
    public async Task An_archive_that_is_killed_at_any_step_is_finished_or_begun_again()
    {
        await using var installation = new Installation();
        var failPoint = Path.Combine(Path.GetTempPath(), $"seckill-fail-point-{Guid.NewGuid():N}");
        (string, string?)[] settings = [("SECKILL_FAIL_POINT", failPoint)];
        var (api, worker, inventory) = (installation.StartApi(), installation.StartWorker(), installation.StartInventory(settings));
        await Installation.ReadyAsync(api, worker, inventory);
        foreach (var step in s_steps)
        {
            var sale = await Sale.OpenAsync(inventory, units: 20, items: 2);
            using var buyers = new Buyers(sale);
            var paid = await buyers.InsistAsync([api], buyers.NewUser(), Buyers.NewKey());
            var cancelled = await buyers.InsistAsync([api], buyers.NewUser(), Buyers.NewKey());
            Assert.Equal(new Answer(200, "accepted"), await buyers.PayAsync(api, paid.OrderId, paid.OrderId, Sale.UnitPrice));
            Assert.Equal(new Answer(200, "cancelled"), await buyers.CancelAsync(api, cancelled.UserId, cancelled.OrderId));
            await Operator.AskAsync(inventory, HttpMethod.Post, $"/sales/{sale.Id}/close");

            await File.WriteAllTextAsync(failPoint, step, TestContext.Current.CancellationToken);
            await Eventually.IsTrueAsync($"it dies at {step}", async () =>
            {
                // Refused until the unit is back and the message is settled.
                var (answer, _) = await Operator.TryAsync(inventory, HttpMethod.Post, $"/sales/{sale.Id}/archive");
                Assert.Contains(answer.Status, (int[])[0, 409]);
                return inventory.HasEnded;
            });
            Assert.False(File.Exists(failPoint));
            var isCommitted = Array.IndexOf(s_steps, step) >= 2;
            if (!isCommitted)
            {
                Assert.True(await servers.Redis.KeyExistsAsync($"seckill:{{{sale.Id}:{sale.Skus[0]}}}:item"));
            }

            inventory = installation.StartInventory(settings);
            await inventory.BecomesAsync(200);
            // Committed, the archive ends without its caller; else the request is repeated.
            if (!isCommitted)
            {
                await Operator.AskAsync(inventory, HttpMethod.Post, $"/sales/{sale.Id}/archive");
            }

            await Eventually.IsTrueAsync("Redis has nothing of it", async () =>
                !(await Task.WhenAll(sale.Skus.Select(sku => servers.Redis.KeyExistsAsync($"seckill:{{{sale.Id}:{sku}}}:item"))))
                    .Contains(true)
                && !await servers.Redis.HashExistsAsync("seckill:sales", sale.Id));
            var archive = await Operator.AskAsync(inventory, HttpMethod.Post, $"/sales/{sale.Id}/archive");
            Assert.Equal(2, archive.GetProperty("orders").GetInt64());
            // 1 sale, 2 items, 2 orders, 1 payment, 2 ledgers.
            Assert.Equal(8, archive.GetProperty("lines").GetInt64());
            var retry = await buyers.ClickAsync(api, paid.UserId, paid.Key);
            Assert.Equal((404, "unknown-item"), (retry.Status, retry.Code));
            Assert.Equal(new Answer(200, "paid"), await buyers.LookAsync(api, paid.UserId, paid.OrderId));
        }
    }
}
