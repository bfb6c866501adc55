using Seckill.Chaos;
using Seckill.Chaos.Invariants;
using Seckill.Tests.Harness.Checks;

namespace Seckill.System.Tests.Chaos;

/// <summary>
/// Promise: a run in which an operator's yes did not hold is noticed, and one in which only a packet or a second operator was late is
/// not. Each invariant is shown a small history that breaks it, beside one that breaks nothing.
/// </summary>
public sealed class OperatorInvariantTests
{
    private const long Sku = 7;

    // Closed from 210 to 400 ms, and five units were added.
    private static readonly OperatorCall s_close = Call(OperatorAct.Close, 200, 210, 200);
    private static readonly OperatorCall s_open = Call(OperatorAct.Open, 400, 420, 200);
    private static readonly OperatorCall s_lost = Call(OperatorAct.ChangeStock, 450, 460, 0) with { SkuId = Sku, Delta = 5, Detail = "k" };
    private static readonly OperatorCall s_added = s_lost with { Begun = 470, Ended = 480, Status = 200 };

    private static readonly Evidence s_good = new()
    {
        Operations = [Click(100, 205, 202), Click(250, 300, 409, "sale-closed"), Click(390, 430, 202), Click(500, 510, 202)],
        Calls = [s_close, s_open, s_lost, s_added, Call(OperatorAct.Rebuild, 500, 600, 202)],
        LimitPerUser = 2,
        Units = 10,
        Books = new Dictionary<long, Books>(),
        SaleState = new ItemState("open", 3),
        ItemStates = new Dictionary<long, ItemState> { [Sku] = new("open", 3) },
        StockChanges = [new StockChangeRow(Sku, "k", 5, true)],
    };

    [Fact]
    public void A_history_that_breaks_nothing_is_called_good()
    {
        Assert.All(OperatorInvariants.All, invariant => Assert.Empty(invariant.Violations(s_good)));
        Assert.Equal(15, s_good.UnitsOf(Sku));
        Assert.Equal(10, (s_good with { StockChanges = [new StockChangeRow(Sku, "k", 5, false)] }).UnitsOf(Sku));
    }

    [Fact]
    public void A_click_that_is_accepted_after_a_close_is_noticed() =>
        Broken("closed", "250", With(Click(250, 300, 202)));

    [Fact]
    public void An_opening_that_its_operator_gave_up_before_the_close_explains_nothing() =>
        Broken("closed", "250", With(Click(250, 300, 202)) with
        {
            Calls = [Call(OperatorAct.Open, 100, 150, 503, "unavailable"), .. s_good.Calls],
        });

    [Theory]
    [InlineData("it is the order of a key that was used before")]
    [InlineData("it was answered when an opening was asked for")]
    [InlineData("an opening was asked for at the same time as the close")]
    [InlineData("Redis lost the close")]
    [InlineData("the close was refused")]
    public void A_click_that_is_accepted_after_a_close_is_believed_when(string reason)
    {
        var click = Click(250, 300, 202);
        var evidence = reason switch
        {
            "it is the order of a key that was used before" => With(Click(100, 110, 503) with { Key = "old" }, click with { Key = "old" }),
            "it was answered when an opening was asked for" => With(click with { Ended = 401 }),
            "Redis lost the close" => With(click) with { Losses = [240] },
            "the close was refused" => With(click) with { Calls = [s_close with { Status = 409, Code = "state-changed" }, s_open] },
            _ => With(click) with { Calls = [.. s_good.Calls, s_open with { Begun = 190, Ended = 205 }] },
        };
        Assert.Empty(Find("closed").Violations(evidence));
    }

    [Fact]
    public void A_click_that_is_told_closed_after_an_opening_is_noticed() =>
        Broken("opened", "500", With(Click(500, 510, 409, "sale-closed")));

    [Theory]
    [InlineData("closed", 3)]
    [InlineData("open", 2)]
    [InlineData("missing", 0)]
    public void An_item_whose_state_is_not_that_of_its_sale_is_noticed(string state, long version) =>
        Broken("sale state", "item 7", s_good with { ItemStates = new Dictionary<long, ItemState> { [Sku] = new(state, version) } });

    [Fact]
    public void A_sale_that_is_closed_in_the_end_though_the_last_yes_was_an_opening_is_noticed()
    {
        var closed = new ItemState("closed", 4);
        var evidence = s_good with { SaleState = closed, ItemStates = new Dictionary<long, ItemState> { [Sku] = closed } };
        Broken("sale state", "nobody asked", evidence);
        // Without an answer it may still come.
        Assert.Empty(Find("sale state").Violations(evidence with
        {
            Calls = [.. s_good.Calls, s_close with { Begun = 700, Ended = 710, Status = 0 }],
        }));
    }

    [Theory]
    [InlineData("was said to be made and is not")]
    [InlineData("is another one")]
    [InlineData("was refused and is there")]
    [InlineData("is never finished")]
    [InlineData("nobody asked for it")]
    public void A_change_of_stock_that_does_not_count_once_is_noticed(string how)
    {
        var change = s_good.StockChanges.Single();
        var evidence = how switch
        {
            "was said to be made and is not" => s_good with { StockChanges = [] },
            "is another one" => s_good with { StockChanges = [change with { Delta = 4 }] },
            "was refused and is there" => s_good with { Calls = [s_added with { Status = 409, Code = "stock-in-use" }] },
            "is never finished" => s_good with { StockChanges = [change with { IsDone = false }] },
            _ => s_good with { StockChanges = [change, change with { Key = "other" }] },
        };
        Assert.NotEmpty(Find("stock changes").Violations(evidence));
    }

    [Fact]
    public void An_answer_that_is_not_documented_is_noticed() =>
        Broken("operator answers", "500", s_good with
        {
            Calls = [.. s_good.Calls, s_close with { Status = 500, Code = "internal-error" }],
        });

    private static Evidence With(params Operation[] clicks) => s_good with { Operations = [.. s_good.Operations, .. clicks] };

    private static void Broken(string invariant, string because, Evidence evidence) =>
        Assert.Contains(Find(invariant).Violations(evidence), violation => violation.Contains(because, StringComparison.Ordinal));

    private static Invariant Find(string name) => Invariant.All.Single(invariant => invariant.Name == name);

    private static OperatorCall Call(OperatorAct act, double begun, double ended, int status, string? code = null) =>
        new(0, act, "inventory-1", 0, 0, "", begun, ended, status, code);

    private static Operation Click(double begun, double ended, int status, string? said = null) =>
        new(0, Act.Order, "api-1", 1, Sku, 1, null, status == 202 ? "x" : null, begun, ended, status, said, []);
}
