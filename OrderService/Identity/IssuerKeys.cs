namespace Seckill.OrderService.Identity;

/// <summary>
/// The keys of the issuer, read at the start, then from time to time, and when a token names one that is not there. While the issuer is
/// down the last ones stay in use, so a login that fails does not stop buyers who have a token. A click reads a field.
/// </summary>
internal sealed partial class IssuerKeys(
    IOptions<IdentityOptions> options, TimeProvider clock, ILogger<IssuerKeys> logger) : PeriodicService(clock)
{
    private const int LongestDocument = 1 << 20;
    private static readonly TimeSpan s_pauseWithoutKeys = TimeSpan.FromSeconds(1);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = LongestDocument };
    private volatile IssuerKeySet? _now;
    private volatile bool _isWanted;
    private long? _readAt;
    private (string Issuer, string Text) _last;

    /// <summary>Null until they were read for the first time.</summary>
    public IssuerKeySet? Now => _now;

    /// <summary>Has them read again soon.</summary>
    public void ReadAgain() => _isWanted = true;

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(200);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        if (!IsDue())
        {
            return;
        }

        _readAt = Clock.GetTimestamp();
        _isWanted = false;
        var (issuer, address) = await FindAsync(stoppingToken);
        var text = await _http.GetStringAsync(address, stoppingToken);
        if (_now is not null && (issuer, text) == _last)
        {
            return;
        }

        var keys = IssuerKeySet.Read(text);
        if (keys.Count == 0)
        {
            throw new InvalidOperationException("the key set has no RSA key of 2,048 bits and no key of the curve P-256");
        }

        _now = new IssuerKeySet(issuer, keys, (_now?.Number ?? 0) + 1);
        _last = (issuer, text);
        LogRead(keys.Count);
    }

    // Once in a cooldown, and not in an hour: the issuer may be back soon, with other keys.
    protected override void OnFailure(Exception exception, bool isRepeated)
    {
        _isWanted = true;
        base.OnFailure(exception, isRepeated);
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private bool IsDue() => _readAt is not { } at || Clock.GetElapsedTime(at) >= (
        _now is null ? s_pauseWithoutKeys
        : _isWanted ? TimeSpan.FromSeconds(options.Value.UnknownKeyCooldownSeconds)
        : TimeSpan.FromMinutes(options.Value.KeyRefreshMinutes));

    private async Task<(string Issuer, Uri Keys)> FindAsync(CancellationToken cancellationToken)
    {
        var authority = options.Value.Authority!;
        if (options.Value.JwksUrl is { Length: > 0 } keys)
        {
            return (authority, new Uri(keys));
        }

        var discovery = new Uri(authority.TrimEnd('/') + "/.well-known/openid-configuration");
        using var document = JsonDocument.Parse(await _http.GetStringAsync(discovery, cancellationToken));
        var issuer = document.RootElement.GetProperty("issuer").GetString()!;
        var address = new Uri(document.RootElement.GetProperty("jwks_uri").GetString()!);
        // OpenID Connect Discovery 1.0, section 4.3. And the keys must not come over a weaker way than the address of the issuer.
        return issuer.TrimEnd('/') == authority.TrimEnd('/') && address.Scheme == discovery.Scheme ? (issuer, address)
            : throw new InvalidOperationException($"the issuer calls itself '{issuer}', with keys at '{address}'");
    }

    [LoggerMessage(512, LogLevel.Information, "The identity provider has {Count} keys.")]
    private partial void LogRead(int count);
    [LoggerMessage(513, LogLevel.Warning, "The keys of the identity provider cannot be read; the last ones stay in use: {Reason}")]
    private partial void LogFailed(string reason);
}
