using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Seckill.OrderService.Tests.Identity;

/// <summary>An identity provider: discovery, a key set that a test changes, and tokens. It can be down.</summary>
internal sealed class IdentityProvider : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly List<SecurityKey> _keys = [];
    private int _readings;
    private int _discoveries;

    public IdentityProvider()
    {
        Issuer = $"http://127.0.0.1:{Seckill.Tests.Harness.Processes.FreePort.Find()}";
        _listener.Prefixes.Add(Issuer + "/");
        _listener.Start();
        _ = Task.Run(AnswerAsync);
    }

    public string Issuer { get; }

    /// <summary>What discovery says that the issuer is.</summary>
    public string? SaysIssuer { get; set; }

    /// <summary>How often discovery was asked, also while it is down.</summary>
    public int Discoveries => _discoveries;

    /// <summary>How often the key set was read.</summary>
    public int Readings => _readings;

    public bool IsDown { get; set; }

    /// <summary>A further entry of the key set, as it is.</summary>
    public string? OddKey { get; set; }

    public SecurityKey AddRsa(string id, int bits = 2_048) => Add(new RsaSecurityKey(RSA.Create(bits)) { KeyId = id });

    public SecurityKey AddEc(string id) => Add(new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = id });

    public void Remove(SecurityKey key) => _keys.Remove(key);

    /// <summary>A token of this key, or of one that the provider does not have.</summary>
    public string Sign(SecurityKey key, Action<SecurityTokenDescriptor>? change = null, string user = "42")
    {
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = Issuer, Audience = "seckill", Expires = TimeProvider.System.GetUtcNow().AddMinutes(10).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = user },
            SigningCredentials = new(key, key is RsaSecurityKey ? SecurityAlgorithms.RsaSha256 : SecurityAlgorithms.EcdsaSha256),
        };
        change?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    /// <summary>The claims and the key's name of a token of the provider, under another header and signature.</summary>
    public string Forge(string algorithm, Func<byte[], byte[]> sign)
    {
        var header = $$"""{"alg":"{{algorithm}}","typ":"JWT","kid":"r1"}""";
        var expires = TimeProvider.System.GetUtcNow().AddMinutes(10).ToUnixTimeSeconds();
        var claims = $$"""{"iss":"{{Issuer}}","aud":"seckill","sub":"42","exp":{{expires}}}""";
        var text = Base64UrlEncoder.Encode(header) + "." + Base64UrlEncoder.Encode(claims);
        return text + "." + Base64UrlEncoder.Encode(sign(Encoding.ASCII.GetBytes(text)));
    }

    public void Dispose() => _listener.Close();

    private SecurityKey Add(SecurityKey key)
    {
        _keys.Add(key);
        return key;
    }

    private async Task AnswerAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var isDiscovery = context.Request.Url!.AbsolutePath.EndsWith("openid-configuration", StringComparison.Ordinal);
                var text = isDiscovery
                    ? $$"""{"issuer":"{{SaysIssuer ?? Issuer}}","jwks_uri":"{{Issuer}}/keys"}""" : KeySet();
                Interlocked.Increment(ref isDiscovery ? ref _discoveries : ref _readings);

                context.Response.StatusCode = IsDown ? 503 : 200;
                context.Response.OutputStream.Write(Encoding.UTF8.GetBytes(text));
                context.Response.Close();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // The test is over, or the client has left.
            }
        }
    }

    private string KeySet() => $$"""{"keys":[{{string.Join(',', _keys.ToArray().Select(Json).Append(OddKey).OfType<string>())}}]}""";

    private static string Json(SecurityKey key)
    {
        var jwk = key is RsaSecurityKey rsa
            ? JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(rsa.Rsa.ExportParameters(false)) { KeyId = key.KeyId })
            : JsonWebKeyConverter.ConvertFromECDsaSecurityKey((ECDsaSecurityKey)key);
        return jwk.Kty == "RSA" ? $$"""{"kty":"RSA","use":"sig","kid":"{{jwk.Kid}}","n":"{{jwk.N}}","e":"{{jwk.E}}"}"""
            : $$"""{"kty":"EC","use":"sig","kid":"{{jwk.Kid}}","crv":"P-256","x":"{{jwk.X}}","y":"{{jwk.Y}}"}""";
    }
}
