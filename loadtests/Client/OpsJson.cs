using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.LoadTests.Client;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Sale))]
[JsonSerializable(typeof(Ledger))]
[JsonSerializable(typeof(IReadOnlyList<Refund>))]
[JsonSerializable(typeof(IReadOnlyList<OutboxItem>))]
[JsonSerializable(typeof(IReadOnlyList<Quarantined>))]
[JsonSerializable(typeof(ServiceAudit))]
[JsonSerializable(typeof(RebuildJob))]
[JsonSerializable(typeof(StockChange))]
[JsonSerializable(typeof(DualWriteView))]
[JsonSerializable(typeof(DualWriteMode))]
[JsonSerializable(typeof(QueueAnswer))]
internal sealed partial class OpsJson : JsonSerializerContext;
