using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz;

/// <summary>Sends requests, holds every answer against the rules, and remembers what it promises.</summary>
internal sealed class Client(Tally tally, Action<Finding> report)
{
    public async Task<IReadOnlyList<RawAnswer>> SendAsync(RawRequest request, int number)
    {
        var exchange = await Connection.SendAsync(request.Service.Address, request);
        var broken = AnswerRules.Check(request, exchange).ToArray();
        tally.Record(request, exchange, isSound: broken.Length == 0);
        foreach (var (rule, detail, answer) in broken)
        {
            report(new Finding(rule, detail, number, request, answer));
        }

        return broken.Length == 0 ? exchange.Answers : [];
    }
}
