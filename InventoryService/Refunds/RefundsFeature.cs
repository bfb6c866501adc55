using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using Seckill.Shared.Http;
using Seckill.Shared.Security;

namespace Seckill.InventoryService.Refunds;

/// <summary>Payments to refund.</summary>
internal static class RefundsFeature
{
    public static void MapRefunds(this WebApplication app)
    {
        var ops = app.MapGroup("").WithMetadata(new RequiresOpsKey());
        ops.MapGet("/refunds", async (NpgsqlDataSource database, CancellationToken cancellationToken) => Results.Json(
                await ReadRefundsAsync(database, cancellationToken), RefundsJson.Default.IReadOnlyListRefund))
            .WithSummary("Payments to refund, the newest thousand first")
            .Produces<IReadOnlyList<Refund>>()
            .ProducesProblems(401, 503);
    }

    private static async Task<IReadOnlyList<Refund>> ReadRefundsAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Refund>(new CommandDefinition(
            "select payment_id, order_id, amount, currency, reason, created_at from refunds order by created_at desc limit 1000",
            cancellationToken: cancellationToken))).AsList();
    }
}

/// <summary>A payment to refund.</summary>
/// <param name="PaymentId">The provider's id.</param>
/// <param name="OrderId">The order it was for.</param>
/// <param name="Amount">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="Reason">
/// <c>unknown-order</c>, <c>wrong-amount</c>, <c>already-paid</c>, <c>cancelled</c>, <c>expired</c> or <c>rejected</c>.
/// </param>
/// <param name="CreatedAt">UTC.</param>
public sealed record Refund(string PaymentId, string OrderId, long Amount, string Currency, string Reason, DateTimeOffset CreatedAt);

/// <summary>JSON of the refunds, generated at compile time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(IReadOnlyList<Refund>))]
internal sealed partial class RefundsJson : JsonSerializerContext;
