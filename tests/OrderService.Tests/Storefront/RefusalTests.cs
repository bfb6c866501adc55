using System.Globalization;
using System.Text.RegularExpressions;
using Seckill.OrderService.Storefront;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>The README tells clients which codes to expect, so its table must be the code's own.</summary>
public sealed partial class RefusalTests
{
    [Fact]
    public void The_readme_lists_every_refusal_of_an_order_and_no_other()
    {
        var documented = ReadmeRows().Where(row => row.Status != 202)
            .SelectMany(row => row.Codes.Count == row.Statuses.Count
                ? row.Statuses.Zip(row.Codes) : row.Codes.Select(code => (First: row.Status, Second: code)))
            .Select(pair => $"{pair.First} {pair.Second}").Order().ToList();
        var actual = Refusals.OfPlaceOrder.Select(refusal => $"{refusal.Status} {refusal.Code}").Order().ToList();
        Assert.NotEmpty(documented);
        Assert.Equal(actual, documented);
    }

    private static IEnumerable<(int Status, IReadOnlyList<int> Statuses, IReadOnlyList<string> Codes)> ReadmeRows()
    {
        foreach (var line in File.ReadLines(Path.Combine(RepositoryRoot(), "README.md")))
        {
            var cells = line.Split('|', StringSplitOptions.TrimEntries);
            if (cells.Length >= 4 && StatusCell().IsMatch(cells[1]))
            {
                int[] statuses = [.. cells[1].Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
                yield return (statuses[0], statuses, [.. Code().Matches(cells[2])
                    .Where(match => match.Groups[1].Value is var code && code.Contains('-', StringComparison.Ordinal)
                        || match.Groups[1].Value is "unauthenticated" or "unavailable" or "busy")
                    .Select(match => match.Groups[1].Value)]);
            }
        }
    }

    private static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Seckill.sln")))
        {
            directory = directory.Parent!;
        }

        return directory.FullName;
    }

    [GeneratedRegex(@"^\d{3}(, \d{3})*$")]
    private static partial Regex StatusCell();

    [GeneratedRegex("`([a-z-]+)`")]
    private static partial Regex Code();
}
