using System.Text.RegularExpressions;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Tests;

/// <summary>
/// A load run calls an answer documented or not by a list of its own. Broken by a code that the README tells clients and the list lacks:
/// a run would call the right answer an error.
/// </summary>
public sealed partial class RefusalCodeTests
{
    [Fact]
    public void A_load_run_knows_every_code_that_an_order_may_be_refused_with()
    {
        var rows = Repository.Read("README.md").Split("| status | code of `POST /orders` | when |")[1].Split("\n\n")[0];
        var documented = Code().Matches(string.Join('\n', rows.Split('\n').Select(row => string.Join('|', row.Split('|').Take(3)))))
            .Select(match => match.Groups[1].Value).ToArray();
        Assert.True(documented.Length > 10);
        Assert.Empty(documented.Except(RefusalCode.All));
    }

    [GeneratedRegex("`([a-z-]+)`")]
    private static partial Regex Code();
}
