using System.Text.Json.Serialization;

namespace Seckill.Chaos;

/// <summary>What an operator wanted.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperatorAct>))]
internal enum OperatorAct
{
    /// <summary>To open the sale.</summary>
    Open,

    /// <summary>To close it.</summary>
    Close,

    /// <summary>To add units to an item, or to withdraw some.</summary>
    ChangeStock,

    /// <summary>To rebuild the sale in Redis.</summary>
    Rebuild,

    /// <summary>To audit and repair it.</summary>
    Repair,

    /// <summary>Another mode of the dual write.</summary>
    SwitchLegacy,

    /// <summary>To send a part of a payment back.</summary>
    Refund,
}

/// <summary>One call of an operator and its outcome. Times are those of the clients' history.</summary>
/// <param name="Operator">Which.</param>
/// <param name="Act">What was asked for.</param>
/// <param name="Service">Of which instance.</param>
/// <param name="SkuId">Of a change of stock: the item.</param>
/// <param name="Delta">Of a change of stock: units.</param>
/// <param name="Detail">The Idempotency-Key of a change of stock, the mode of the dual write, the order of a refund.</param>
/// <param name="Begun">When it was asked.</param>
/// <param name="Ended">When the answer was there, or the caller gave up.</param>
/// <param name="Status">HTTP status; 0 when no answer came.</param>
/// <param name="Code">Of a problem.</param>
internal sealed record OperatorCall(
    int Operator, OperatorAct Act, string Service, long SkuId, int Delta, string Detail, double Begun, double Ended, int Status,
    string? Code)
{
    [JsonIgnore]
    public bool IsOk => Status is >= 200 and < 300;

    /// <summary>It may have happened or not, and may still happen.</summary>
    [JsonIgnore]
    public bool IsUnknown => Status is 0 or >= 500;

    /// <summary>It may have changed the state of the sale: a sale whose stock is lost is refused before anything changes.</summary>
    [JsonIgnore]
    public bool MayHaveChangedState => IsOk || IsUnknown || Code == "state-changed";

    public override string ToString() =>
        $"{Act}{(SkuId > 0 ? $" of {SkuId} by {Delta}" : "")}{(Detail.Length > 0 ? $", {Detail}" : "")} "
        + $"at {Service} from {Begun:0} to {Ended:0} ms: {Status} {Code}";
}
