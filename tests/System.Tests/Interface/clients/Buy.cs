// Buys a unit with the generated client, reads the order, and is refused once.
using System.Net.Http.Headers;
using System.Text.Json;
using Shop;

using var http = new HttpClient();
http.DefaultRequestHeaders.Authorization =
    new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("TOKEN"));
// The sale has no waiting room, so it needs no pass.
const string? noPass = null;
// As text, because enums of System.Text.Json do not read a code with hyphens.
var client = new SeckillClient(http) { BaseUrl = Environment.GetEnvironmentVariable("ORDER_URL"), ReadResponseAsString = true };
var order = new PlaceOrder { SaleId = long.Parse(args[0]), SkuId = long.Parse(args[1]), Quantity = 1 };
var key = Guid.NewGuid().ToString();
OrderAccepted bought = await client.PlaceOrderAsync(key, noPass, order);
long price = bought.Quantity * bought.UnitPrice;
DateTimeOffset payBy = bought.PayBy;
Console.WriteLine($"{bought.OrderId} {bought.Status} {price} {payBy:O}");

OrderView read = await client.GetOrderAsync(bought.OrderId);
Console.WriteLine(read.Status);

try
{
    order.Quantity = 2;
    await client.PlaceOrderAsync(key, noPass, order);
}
catch (ApiException refused)
{
    using var problem = JsonDocument.Parse(refused.Response!);
    Console.WriteLine($"{refused.StatusCode} {problem.RootElement.GetProperty("code")}");
}

OrderPage listed = await client.ListOrdersAsync(order.SaleId, 10, null);
Console.WriteLine(listed.Orders.Count);
