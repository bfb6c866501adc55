using System.Text.RegularExpressions;
using Seckill.Shared.Security;
using Seckill.System.Tests.Alerts;

namespace Seckill.System.Tests.Interface;

/// <summary>
/// Promise: the commands of the runbooks can be pasted. Runs those that ask about every open sale against a running system. Broken by a
/// path that moves, or an answer whose form the shell function does not expect.
/// </summary>
[Collection(AsAStranger.Name)]
public sealed partial class RunbookTests(RunningShop shop)
{
    [Fact]
    public async Task What_is_meant_for_every_sale_asks_each_open_one()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/curl"), "This needs curl.");
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "OPERATIONS.md"));
        var commands = ForEachSale().Matches(page).Select(match => match.Value.Trim()).Distinct().ToArray();
        Assert.True(commands.Length >= 3);
        var script = string.Join('\n', Preamble().Match(page).Value, string.Join('\n', commands));
        using var shell = Command.Start(
            Path.GetTempPath(),
            new Dictionary<string, string>
            {
                ["INVENTORY_URL"] = shop.Inventory.Url.ToString().TrimEnd('/'), ["OPS_KEY"] = DevelopmentKeys.Ops,
            },
            "bash", "-ec", script);
        var output = await shell.EndsAsync();
        var sale = $"sale {shop.Buyers.Sale.Id}\n{{\"saleId\":{shop.Buyers.Sale.Id},";
        Assert.Equal(commands.Length, output.Split(sale).Length - 1);
        Assert.DoesNotContain("\"code\":", output, StringComparison.Ordinal);
    }

    [GeneratedRegex("^    OPS=.*\n    each_sale\\(\\)[\\s\\S]*?done; \\}$", RegexOptions.Multiline)]
    private static partial Regex Preamble();

    [GeneratedRegex("^ +each_sale '.*'$", RegexOptions.Multiline)]
    private static partial Regex ForEachSale();
}
