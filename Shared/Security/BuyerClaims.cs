using System.Buffers.Text;
using System.Text.Json;

namespace Seckill.Shared.Security;

/// <summary>What a shop says in the token: of the buyer, for its waiting rooms, and of the token. Read after it was verified.</summary>
/// <param name="Group">Claim <c>grp</c>: buyers who are counted together. Empty without one.</param>
/// <param name="WorkBits">
/// Claim <c>wrk</c>, not negative: bits of this buyer's proof of work, in place of the sale's. Null without one, and when it is no
/// such number.
/// </param>
/// <param name="TokenId">Claim <c>jti</c>: names the token, so that it can be revoked. Empty without one.</param>
public sealed record BuyerClaims(string Group, int? WorkBits, string TokenId = "")
{
    /// <summary>A token without them.</summary>
    public static readonly BuyerClaims None = new("", null);

    /// <summary>Of a header <c>Authorization</c> whose token was verified.</summary>
    public static BuyerClaims Of(string header)
    {
        var (first, last) = (header.IndexOf('.', StringComparison.Ordinal), header.LastIndexOf('.'));
        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(header.AsSpan((first + 1)..last)));
            return new BuyerClaims(
                Text("grp"),
                claims.RootElement.TryGetProperty("wrk", out var work) && work.ValueKind == JsonValueKind.Number
                    && work.TryGetInt32(out var bits) && bits >= 0 ? bits : null,
                Text("jti"));

            string Text(string name) =>
                claims.RootElement.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.String ? claim.GetString()! : "";
        }
        // InvalidOperationException: a name with half of a surrogate pair.
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException)
        {
            return None;
        }
    }

    /// <summary>As they stand in a token, after other members.</summary>
    internal string ToJson() =>
        (Group.Length == 0 ? "" : $",\"grp\":\"{JsonEncodedText.Encode(Group)}\"")
        + (TokenId.Length == 0 ? "" : $",\"jti\":\"{JsonEncodedText.Encode(TokenId)}\"")
        + (WorkBits is { } bits ? string.Create(CultureInfo.InvariantCulture, $",\"wrk\":{bits}") : "");
}
