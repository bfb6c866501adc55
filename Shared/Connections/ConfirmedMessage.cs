namespace Seckill.Shared.Connections;

/// <summary>A message for an exchange.</summary>
/// <param name="Id">Its message id, by which a consumer knows a repetition.</param>
/// <param name="RoutingKey">Its routing key.</param>
/// <param name="ContentType">Of the body.</param>
/// <param name="Body">The bytes.</param>
public sealed record ConfirmedMessage(string Id, string RoutingKey, string ContentType, ReadOnlyMemory<byte> Body);
