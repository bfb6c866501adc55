using System.Text.Json;
using Seckill.Fuzz.Cases;
using Seckill.Fuzz.Contract;
using Seckill.LoadTests.Client;
using Seckill.Shared.Security;

namespace Seckill.System.Tests.Fuzz;

/// <summary>
/// A finding is worth little when its request cannot be made again, and a run that fails to make a request shows nothing. Broken by a
/// choice that depends on the cases before, and by faults that do not expect each other.
/// </summary>
public sealed class CaseTests
{
    private const int Cases = 4_000;

    [Theory]
    [InlineData(1)]
    [InlineData(102)]
    [InlineData(7_777)]
    public void A_seed_and_a_number_make_a_case_again_whichever_were_made_before(int seed)
    {
        var (maker, other) = (NewMaker(seed), NewMaker(seed));
        var made = Enumerable.Range(1, Cases).Select(maker.Make).ToArray();
        Assert.InRange(made.Count(one => one.Request is null), Cases / 50, Cases / 10);
        Assert.InRange(made.Count(one => one.IsQuiet), Cases / 10, Cases);
        foreach (var one in Enumerable.Reverse(made).Where(one => one.Request is not null))
        {
            var (request, again) = (one.Request!, other.Make(one.Number).Request!);
            Assert.Equal(
                (request.Method, request.Target, request.Body.Length, request.Headers.Count, request.MustBeRefused),
                (again.Method, again.Target, again.Body.Length, again.Headers.Count, again.MustBeRefused));
        }
    }

    private static CaseMaker NewMaker(int seed)
    {
        var nowhere = new Uri("http://127.0.0.1:1/");
        var target = new LoadTarget([nowhere], nowhere, DevelopmentKeys.Ops, DevelopmentKeys.BuyerToken, DevelopmentKeys.Payment);
        var stage = new Stage(target, firstSaleId: 1);
        stage.Orders.Add(new KnownOrder(new string('0', 32), 7001));
        var document = JsonDocument.Parse(AnswerRuleTests.Document).RootElement;
        return new CaseMaker(new Requests(new Service("one", nowhere, document), new Service("other", nowhere, document), stage), seed);
    }
}
