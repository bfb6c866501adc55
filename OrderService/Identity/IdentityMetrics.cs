namespace Seckill.OrderService.Identity;

/// <summary>What became of the tokens of the identity provider.</summary>
internal sealed class IdentityMetrics : IDisposable
{
    private readonly Meter _meter = new(Measurements.Name);
    private readonly Counter<long> _tokens;

    public IdentityMetrics() =>
        _tokens = _meter.CreateCounter<long>(
            "seckill.identity.tokens", "{token}", "Tokens of the identity provider, by what became of them.");

    public void Dispose() => _meter.Dispose();

    /// <summary>A token that was not known before.</summary>
    public VerifiedToken Count(in VerifiedToken token) => Count(token, token.Fault switch
    {
        null => "verified",
        TokenFault.Busy => "busy",
        TokenFault.NoKeysYet => "no_keys",
        _ => "refused",
    });

    /// <summary>A token that was verified before.</summary>
    public VerifiedToken CountRemembered(in VerifiedToken token) => Count(token, "remembered");

    private VerifiedToken Count(in VerifiedToken token, string result)
    {
        _tokens.Add(1, new KeyValuePair<string, object?>("result", result));
        return token;
    }
}
