using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Reporting;

namespace Seckill.LoadTests.Load;

/// <summary>
/// Orders an item that is not for sale, before the measurement: services and client compile their hot path, and connections are opened.
/// Nothing is sold, and a system that cannot be used is found.
/// </summary>
/// <param name="target">The system.</param>
/// <param name="settings">Duration.</param>
/// <param name="sale">The sale.</param>
/// <param name="buyers">Who orders.</param>
public sealed class WarmUp(LoadTarget target, LoadSettings settings, LoadSale sale, IReadOnlyList<Buyer> buyers)
{
    private const int Users = 64;

    /// <summary>Warms up.</summary>
    /// <exception cref="HttpRequestException">The storefront cannot be used; the message says why.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var recorder = new Recorder();
        using var pool = new ClientPool(target.Apis, Users, TimeSpan.FromSeconds(settings.TimeoutSeconds), cancellationToken);
        var shop = new Shop(pool, recorder);
        var engine = new LoadEngine(recorder, async (number, due) =>
            await shop.OrderAsync(buyers[(int)(number % buyers.Count)], sale.Absent, null, due, isArrival: true));
        await engine.RunClosedAsync(
            Users, TimeSpan.FromSeconds(settings.WarmUpSeconds), TimeSpan.FromMilliseconds(20), cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        engine.ThrowIfBroken();
        if (recorder.Total.Count(Step.Order, Outcome.Refusal(RefusalCode.UnknownItem)) > 0)
        {
            return;
        }

        var outcomes = OutcomeCount.Of(recorder.Total).Select(entry => entry.Outcome).ToArray();
        throw new HttpRequestException(
            $"{target.Apis[0]} should refuse an item that is not for sale with {RefusalCode.UnknownItem}, and answers: "
            + $"{string.Join(", ", outcomes)}. {string.Join(' ', shop.Departures.Append(Advice(outcomes)))}");
    }

    private static string Advice(string[] outcomes) => outcomes is not [var outcome] ? "" : outcome switch
    {
        "unauthenticated" => $"Is {LoadTarget.TokenKeyVariable} the key of that system?",
        OrderAnswer.NotSent => "Does it run, and is the address right?",
        RefusalCode.RateLimited => "Its RateLimits:AddressPerSecond must let the generator's address in.",
        _ => "",
    };
}
