namespace Seckill.Shared.OpenApi;

/// <summary>The least value of a number in a request, for OpenAPI. The framework's own attribute always has an upper bound, too.</summary>
/// <param name="minimum">The least value.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AtLeastAttribute(long minimum) : Attribute
{
    public long Minimum => minimum;
}
