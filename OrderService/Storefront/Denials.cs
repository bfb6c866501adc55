using System.Collections.Frozen;

namespace Seckill.OrderService.Storefront;

/// <summary>
/// Users who may not order, and tokens that are not accepted, as PostgreSQL had them half a second ago; a click reads a field. While
/// PostgreSQL is down the last lists stay in use.
/// </summary>
internal sealed partial class Denials(NpgsqlDataSource database, TimeProvider clock, ILogger<Denials> logger)
    : PeriodicService(clock)
{
    private volatile FrozenSet<long>? _users;
    private volatile FrozenSet<string>? _tokens;
    private long _version;

    /// <summary>True while at least one token is revoked, so that the id of a token is worth reading.</summary>
    public bool HasTokens => _tokens is not null;

    /// <summary>True when the token with this id is not accepted.</summary>
    public bool HasToken(string tokenId) => _tokens is { } tokens && tokens.Contains(tokenId);

    /// <summary>True when this user may not order.</summary>
    public bool Has(long userId) => _users is { } users && users.Contains(userId);

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(500);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        // Before the list: a change in between is read twice, and never missed.
        var version = await database.SingleAsync<long>("select version from denied_users_version", null, stoppingToken);
        if (version == _version)
        {
            return;
        }

        var users = await database.QueryAsync<long>("select user_id from denied_users", null, stoppingToken);
        var tokens = await database.QueryAsync<string>(
            "select token_id from revoked_tokens where expires_at > now()", null, stoppingToken);
        _users = users.Count == 0 ? null : users.ToFrozenSet();
        _tokens = tokens.Count == 0 ? null : tokens.ToFrozenSet(StringComparer.Ordinal);
        _version = version;
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(
        511, LogLevel.Warning, "The lists of denied users and revoked tokens could not be read; the last ones stay in use: {Reason}")]
    private partial void LogFailed(string reason);
}
