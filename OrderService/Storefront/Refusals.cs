using System.Globalization;

namespace Seckill.OrderService.Storefront;

/// <summary>Every refusal of the storefront: status, stable code, title. A test compares the README's table with it.</summary>
internal static class Refusals
{
    private const string ExampleOrder = "000007d1f3a94c5e8b60271d9a4e6c35";
    private const int LongestBusySeconds = 60;
    // Longer would be unfair: the units may be gone in seconds.
    private const int OpeningSpreadSeconds = 1;
    private const int UnavailableSpreadSeconds = 2;

    private static readonly Problem[] s_busy =
    [
        .. Enumerable.Range(0, LongestBusySeconds).Select(spread => new Problem(
            503, "busy", "More requests came at once than can be served. Nothing was done; it is safe to retry.", retryAfterSeconds: 1)
        {
            RetryAfterSpreadSeconds = spread,
        }),
    ];

    public static readonly Problem Unauthenticated = NewUnauthenticated();
    public static readonly Problem TokenRevoked = Invalid("The token was revoked. Sign in again.");
    public static readonly Problem WrongTicket = Invalid("The stream ticket is not of this order, or has expired.");

    public static readonly Problem UserDenied = new(403, "user-denied", "You may not order. Ask the shop.");

    public static readonly Problem UnknownItem = new(404, "unknown-item", "No opened sale has this item.");
    public static readonly Problem SoldOut = new(409, "sold-out", "Fewer units are left than requested.");
    public static readonly Problem SaleClosed = new(409, "sale-closed", "The sale is over.");
    public static readonly Problem KeyReused = new(
        422, "idempotency-key-reused", "This Idempotency-Key was used before with another quantity.");

    public static readonly Problem Unavailable = new(
        503, "unavailable", "No answer is possible now. It is safe to retry.", retryAfterSeconds: 1)
    {
        RetryAfterSpreadSeconds = UnavailableSpreadSeconds,
    };

    public static readonly Problem NoKeysYet = new(
        503, "unavailable", "The identity provider did not answer yet. It is safe to retry.", retryAfterSeconds: 1);

    public static readonly Problem VerifiersBusy = new(
        503, "unavailable", "Too many tokens are being verified. It is safe to retry; POST /tokens gives cheaper ones.",
        retryAfterSeconds: 1);

    public static readonly Problem TooManyStreams = new(
        503, "unavailable", "This instance has no room for another event stream. It is safe to retry.", retryAfterSeconds: 1);

    public static readonly Problem PassRequired = new(
        403, "pass-required", "This sale has a waiting room: register there, and order with the pass that it gives.");

    public static readonly Problem PassExpired = new(403, "pass-expired", "The pass of the waiting room has expired. Register again.");
    public static readonly Problem NoWaitingRoom = new(404, "no-waiting-room", "This sale has no waiting room. Order directly.");
    public static readonly Problem NotRegistered = new(404, "not-registered", "You are not registered in this waiting room.");
    public static readonly Problem NotDrawn = new(409, "not-drawn", "The draw of this waiting room is to come.", retryAfterSeconds: 1);
    public static readonly Problem GroupFull = new(409, "group-full", "Your group has all the places that it may have.");
    public static readonly Problem UnknownOrder = new(404, "unknown-order", "You have no such order.");
    public static readonly Problem NotCancellable = new(409, "not-cancellable", "The order is paid, expired or rejected.");
    public static readonly Problem UnknownSale = new(404, "unknown-sale", "No such sale has been opened.");

    /// <summary>What <c>POST /orders</c> can answer, beside what <see cref="Problem"/> answers to a request that is no order.</summary>
    public static IReadOnlyList<Problem> OfPlaceOrder { get; } =
    [
        Problem.Invalid("request", "malformed"), Unauthenticated, UserDenied, UnknownItem, SoldOut, LimitReached([ExampleOrder]),
        OrdersUsedUp([ExampleOrder]), SaleNotOpen(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch), SaleClosed, PassRequired,
        PassExpired, PassUsed([ExampleOrder]), Problem.TooSlow, Problem.TooLarge, Problem.NotJson,
        KeyReused, Problem.RateLimited, CoolingDown(1), Unavailable, Busy(1),
    ];

    /// <summary>By the number of a token's fault; 401 is for the developer of the client (RFC 6750, section 3).</summary>
    public static Problem[] OfTokens(string userIdClaim, bool hasProvider) =>
        [.. Enum.GetValues<TokenFault>().Select(fault => fault switch
        {
            TokenFault.NoKeysYet => NoKeysYet,
            TokenFault.Busy => VerifiersBusy,
            _ => Invalid(Describe(fault, userIdClaim, hasProvider)),
        })];

    /// <summary>409 with the buyer's live orders.</summary>
    public static Problem LimitReached(string[] orderIds) =>
        WithOrders(409, "limit-reached", "You would hold more units than the sale allows each buyer.", orderIds);

    /// <summary>409 with the buyer's live orders.</summary>
    public static Problem OrdersUsedUp(string[] orderIds) => WithOrders(
        409, "orders-used-up", "You have made all orders of this item that the sale allows, cancelled and expired ones included.",
        orderIds);

    /// <summary>429 with a Retry-After until the end of the cool-down.</summary>
    public static Problem CoolingDown(int seconds) => new(
        429, "cooling-down", "Your order of this item was cancelled or expired. You may order it again after a while.", seconds);

    /// <summary>403 with the buyer's live orders.</summary>
    public static Problem PassUsed(string[] orderIds) =>
        WithOrders(403, "pass-used", "This turn has its order of the item. Another order needs another turn.", orderIds);

    /// <summary>503 for the load, with a Retry-After from 1 to so many seconds, at most 60.</summary>
    public static Problem Busy(int longestSeconds) => s_busy[Math.Clamp(longestSeconds, 1, LongestBusySeconds) - 1];

    /// <summary>409 with the opening, and a Retry-After until then, at least one second, or a second more.</summary>
    public static Problem SaleNotOpen(DateTimeOffset opensAt, DateTimeOffset now) =>
        BeforeOpening("sale-not-open", "The sale has not begun.", opensAt, now);

    /// <summary>409 with the opening of the waiting room, and a Retry-After until then, at least one second, or a second more.</summary>
    public static Problem RoomNotOpen(DateTimeOffset opensAt, DateTimeOffset now) =>
        BeforeOpening("room-not-open", "The waiting room is not open yet.", opensAt, now);

    /// <summary>403 with what a client must compute before it may register.</summary>
    public static Problem WorkRequired(string challenge, int bits) =>
        new(403, "work-required", "Solve the challenge and register again, with the header Queue-Work.", writeDetails: json =>
        {
            json.WriteString("challenge", challenge);
            json.WriteNumber("bits", bits);
        });

    private static Problem WithOrders(int status, string code, string title, string[] orderIds) =>
        new(status, code, title, writeDetails: json =>
        {
            json.WriteStartArray("orderIds");
            foreach (var orderId in orderIds)
            {
                json.WriteStringValue(orderId);
            }

            json.WriteEndArray();
        });

    private static Problem BeforeOpening(string code, string title, DateTimeOffset opensAt, DateTimeOffset now)
    {
        var wait = (int)Math.Clamp(Math.Ceiling((opensAt - now).TotalSeconds), 1, int.MaxValue);
        return new(409, code, title, wait, json =>
            json.WriteString("opensAt", opensAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)))
        {
            RetryAfterSpreadSeconds = OpeningSpreadSeconds,
        };
    }

    private static Problem Invalid(string description) =>
        NewUnauthenticated($"Bearer error=\"invalid_token\", error_description=\"{description}\"");

    private static Problem NewUnauthenticated(string challenge = "Bearer") =>
        new(401, "unauthenticated", "A buyer's bearer token is required, signed and not expired.") { Challenge = challenge };

    private static string Describe(TokenFault fault, string userIdClaim, bool hasProvider) => fault switch
    {
        TokenFault.Malformed => "The token is malformed.",
        TokenFault.WrongAlgorithm => hasProvider
            ? "The algorithm must be HS256, or RS256 or ES256 of the identity provider." : "The algorithm must be HS256.",
        TokenFault.UnknownExtension => "The header has a critical extension that is not supported.",
        TokenFault.WrongSignature => "The signature is wrong.",
        TokenFault.WrongExpiry => "The claim exp is missing or not a number.",
        TokenFault.Expired => "The token has expired.",
        TokenFault.WrongNotBefore => "The claim nbf is not a number.",
        TokenFault.NotYetValid => "The token is not valid yet.",
        TokenFault.NoSubject => $"The claim {userIdClaim} is missing.",
        TokenFault.WrongSubject => $"The claim {userIdClaim} is not a positive 64-bit integer in a string.",
        TokenFault.UnknownKey => "The identity provider has no such key.",
        TokenFault.WrongIssuer => "The claim iss is not the identity provider.",
        TokenFault.WrongAudience => "The claim aud is another service.",
        TokenFault.WrongType => "The type is not that of an access token.",
        TokenFault.LivesTooLong => "The claim exp is too far ahead.",
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, null),
    };
}
