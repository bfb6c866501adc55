using Microsoft.OpenApi;
using Seckill.Shared.OpenApi;

namespace Seckill.Shared.Security;

/// <summary>Marks endpoints that require an operator.</summary>
public sealed class RequiresOpsKey() : Credential("opsKey", new OpenApiSecurityScheme
{
    Type = SecuritySchemeType.Http, Scheme = "bearer",
    Description = "The key of an operator: one of Auth:Operators, or Auth:OpsKey, which is that of an admin.",
});

/// <summary>Marks endpoints that take a <see cref="BuyerToken"/>.</summary>
public sealed class TakesBuyerToken() : Credential("buyerToken", new OpenApiSecurityScheme
{
    Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT",
    Description = "A JWT signed with HS256 and the key Auth:BuyerTokenKey. It has exp, and the buyer's id, a positive 64-bit integer in a "
        + "string, in sub or the claim that Auth:UserIdClaim names. With Auth:Authority also RS256 or ES256 and a key of this issuer, with "
        + "iss, aud and typ.",
});

/// <summary>Marks endpoints that take a <see cref="StreamTicket"/>.</summary>
public sealed class TakesStreamTicket() : Credential("streamTicket", new OpenApiSecurityScheme
{
    Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Query, Name = StreamTicket.Parameter,
    Description = "A ticket of POST /orders/{orderId}/stream-ticket, for EventSource, which sends no headers.",
});

/// <summary>Marks endpoints that require a <see cref="PaymentSignature"/>.</summary>
public sealed class RequiresPaymentSignature() : Credential("paymentSignature", new OpenApiSecurityScheme
{
    Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = PaymentSignature.Header,
    Description = "t=<unix seconds>,v1=<hex HMAC-SHA256 of \"t.body\"> with the key Payments:SigningKey, at most five minutes old.",
});
