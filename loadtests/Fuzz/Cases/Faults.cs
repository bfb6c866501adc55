using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz.Cases;

/// <summary>Puts one to three faults into a good request, and knows whether it must be refused now.</summary>
internal sealed class Faults(Requests requests)
{
    private readonly HeadFaults _head = new(requests.Stage);

    public void Damage(Draw draw, RawRequest request)
    {
        var count = 1 + draw.Below(3);
        var ofBody = request.Operation?.Body is null ? 0 : draw.Below(count + 1);
        for (var i = 0; i < ofBody; i++)
        {
            request.Body = BodyFaults.Damage(draw, request.Body);
        }

        if (ofBody > 0)
        {
            // Signed by its sender: the signature is not what is wrong with it.
            requests.Identify(request);
            request.MustBeRefused = !Fits(request);
        }

        for (var i = ofBody; i < count; i++)
        {
            _head.Damage(draw, request);
        }
    }

    private static bool Fits(RawRequest request)
    {
        var body = request.Operation!.Body!;
        return request.Body.Length == 0
            ? !body.IsRequired
            : StrictJson.Parse(request.Body) is { } value && body.Check.WhyNot(value) is null;
    }
}
