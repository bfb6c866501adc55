using System.Net;

namespace Seckill.LoadTests.Demo;

/// <summary>One <c>GET /orders/{id}</c> by the owner of an accepted order, which must be 200 on every instance.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Api">Index of the API instance that was asked.</param>
/// <param name="Status">What came back; null when nothing did.</param>
public sealed record OrderPoll(string OrderId, int Api, HttpStatusCode? Status);
