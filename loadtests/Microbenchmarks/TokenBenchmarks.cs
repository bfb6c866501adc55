using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Seckill.Shared.Security;

namespace Seckill.Microbenchmarks;

/// <summary>The check of a buyer's token by <see cref="BuyerToken"/>, and by the library that would replace it.</summary>
public class TokenBenchmarks
{
    private const string Key = "a-signing-key-of-at-least-32-bytes";
    private readonly BuyerToken _own = new(Key, TimeProvider.System);
    private readonly JsonWebTokenHandler _library = new();
    private readonly TokenValidationParameters _rules = new()
    {
        IssuerSigningKey = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Key)), ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
        ValidateIssuer = false, ValidateAudience = false, ClockSkew = TimeSpan.Zero,
    };

    private string _token = "";

    /// <summary>A token that stays valid.</summary>
    [GlobalSetup]
    public void SetUp() => _token = _own.Sign(42, TimeSpan.FromDays(1));

    /// <summary>Of the product.</summary>
    [Benchmark]
    public bool Own() => _own.TryVerify(_token, out _);

    /// <summary>Of Microsoft.IdentityModel.</summary>
    [Benchmark]
    public async Task<bool> Library() => (await _library.ValidateTokenAsync(_token, _rules)).IsValid;
}
