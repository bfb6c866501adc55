using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz.Cases;

/// <summary>One case.</summary>
/// <param name="Number">With the seed, all that is needed to make it again.</param>
/// <param name="Request">Its only request; null for a sale, whose requests follow from answers.</param>
/// <param name="RunAsync">Sends its requests.</param>
internal sealed record Case(int Number, RawRequest? Request, Func<Client, Task> RunAsync)
{
    /// <summary>True when it must not change anything.</summary>
    public bool IsQuiet => Request is { IsQuiet: true };
}

/// <summary>Makes the cases of a seed: single requests, odd framing, and whole sales.</summary>
internal sealed class CaseMaker(Requests requests, int seed)
{
    private readonly ValidRequests _valid = new(requests);
    private readonly Faults _faults = new(requests);

    public Case Make(int number)
    {
        var draw = new Draw(seed, number);
        if (draw.OneIn(20))
        {
            return new Case(number, null, new SaleSequence(requests, _faults, draw, number).RunAsync);
        }

        // As many for each operation, however many the other service has.
        var operations = requests.Services.SelectMany(service => service.Operations.Select(operation => (service, operation))).ToArray();
        var (service, operation) = draw.From(operations);
        var request = _valid.Make(draw, service, operation, number);
        switch (draw.Below(10))
        {
            case 0: break;
            case 1: FramingFaults.Apply(draw, request); break;
            default: _faults.Damage(draw, request); break;
        }

        return new Case(number, request, client => client.SendAsync(request, number));
    }
}
