using System.Security.Cryptography;
using System.Text;
using Seckill.Shared.Security;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Operators;

/// <summary>
/// The operators of this installation: <c>Auth:Operators</c>, each with the hash of a key, and the one of <c>Auth:OpsKey</c>, an admin with
/// the name "ops". A person may have several keys at once, so a key is changed without an interruption. The keys are long and random, so a
/// plain hash cannot be turned back.
/// </summary>
public sealed class OperatorList
{
    private const string Section = "Auth:Operators";
    private const string OpsKey = "Auth:OpsKey";
    private const string NameOfOpsKey = "ops";
    private const int LongestName = 64;
    private readonly TimeProvider _clock;
    private readonly List<OperatorIdentity> _operators = [];

    /// <summary>Reads the settings.</summary>
    /// <exception cref="InvalidSettingException">One is missing or invalid.</exception>
    public OperatorList(IConfiguration configuration, IHostEnvironment environment, TimeProvider clock)
    {
        _clock = clock;
        foreach (var entry in configuration.GetSection(Section).GetChildren())
        {
            var one = Read(entry);
            if (_operators.Exists(other => other.KeyHash.Span.SequenceEqual(one.KeyHash.Span)))
            {
                throw new InvalidSettingException(entry.Path + ":KeySha256", "is that of another entry");
            }

            _operators.Add(one);
        }

        // Once there are admins with names, the shared key may be retired.
        if (!_operators.Exists(one => one.Role == OperatorRole.Admin) || !string.IsNullOrEmpty(configuration[OpsKey]))
        {
            var key = configuration.RequiredSecret(environment, OpsKey, DevelopmentKeys.Ops);
            _operators.Add(new OperatorIdentity(NameOfOpsKey, OperatorRole.Admin, HashOf(key), null));
        }
    }

    /// <summary>The operator with this key; null when there is none, or the key has expired.</summary>
    public OperatorIdentity? Find(string key)
    {
        // Hashing first also hides the length of the key.
        var hash = HashOf(key);
        return Find(one => CryptographicOperations.FixedTimeEquals(hash, one.KeyHash.Span));
    }

    /// <summary>The operator for whom this is true; each is asked.</summary>
    public OperatorIdentity? Find(Func<OperatorIdentity, bool> isMeant)
    {
        OperatorIdentity? found = null;
        foreach (var one in _operators)
        {
            found = isMeant(one) ? one : found;
        }

        return found?.ExpiresAt <= _clock.GetUtcNow() ? null : found;
    }

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static OperatorIdentity Read(IConfigurationSection entry)
    {
        var name = entry["Name"] ?? "";
        if (name.Length is 0 or > LongestName || name.AsSpan().ContainsAnyExceptInRange('!', '~') || name == NameOfOpsKey)
        {
            throw new InvalidSettingException(
                entry.Path + ":Name",
                $"is '{name}', and must be 1 to {LongestName} visible ASCII characters other than '{NameOfOpsKey}'");
        }

        if (!Enum.TryParse<OperatorRole>(entry["Role"], ignoreCase: true, out var role) || !char.IsAsciiLetter(entry["Role"]![0]))
        {
            throw new InvalidSettingException(entry.Path + ":Role", $"is '{entry["Role"]}', and must be viewer, operator or admin");
        }

        var hash = new byte[SHA256.HashSizeInBytes];
        if (entry["KeySha256"] is not { Length: 2 * SHA256.HashSizeInBytes } hex
            || Convert.FromHexString(hex, hash, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            throw new InvalidSettingException(entry.Path + ":KeySha256", "is missing, or not the SHA-256 of the key in 64 hex digits");
        }

        DateTimeOffset? expires = null;
        if (entry["ExpiresAt"] is { Length: > 0 } text)
        {
            expires = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time.ToUniversalTime()
                : throw new InvalidSettingException(
                    entry.Path + ":ExpiresAt", $"is '{text}', and must be a time such as 2027-01-31T00:00:00Z");
        }

        return new OperatorIdentity(name, role, hash, expires);
    }
}
