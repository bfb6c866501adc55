using System.Text.Json.Serialization;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>What the continuous verifier walks over. The column <c>legacy_verifier.phase</c> has these as words.</summary>
[JsonConverter(typeof(EnumText<VerifierPhase>))]
public enum VerifierPhase
{
    /// <summary>All orders, each compared with its legacy row.</summary>
    [JsonStringEnumMemberName("ours")]
    Orders,

    /// <summary>All legacy rows, looking for those without an order.</summary>
    [JsonStringEnumMemberName("theirs")]
    LegacyRows,
}
