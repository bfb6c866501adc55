using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>What one buyer knows about their orders of one item, from the answers so far.</summary>
internal sealed class BuyerKnowledge
{
    private readonly Dictionary<string, (string OrderId, int Quantity)> _byKey = new(StringComparer.Ordinal);
    private readonly HashSet<(string Key, int Quantity)> _tried = [];

    /// <summary>Orders promised to the buyer.</summary>
    public HashSet<string> Orders { get; } = new(StringComparer.Ordinal);

    /// <summary>Units promised to the buyer.</summary>
    public int Units { get; private set; }

    /// <summary>Maximum units of the buyer: every unknown outcome counts as a success.</summary>
    public int MaximumUnits { get; private set; }

    /// <summary>The order of an earlier request with this key.</summary>
    public (string OrderId, int Quantity)? Under(string? key) => key is not null && _byKey.TryGetValue(key, out var order) ? order : null;

    /// <summary>True when the key of this attempt has been sent before with another quantity.</summary>
    public bool HasTriedOtherQuantity(OrderAttempt attempt) =>
        attempt.Key is not null && _tried.Any(tried => tried.Key == attempt.Key && tried.Quantity != attempt.Quantity);

    /// <summary>Takes the answer into account.</summary>
    public void Learn(OrderAttempt attempt)
    {
        if (attempt.Key is not null)
        {
            _tried.Add((attempt.Key, attempt.Quantity));
        }

        if (attempt.Answer.MayHaveReserved)
        {
            MaximumUnits += attempt.Quantity;
        }
        else if (attempt.Answer.Kind == AnswerKind.Accepted && Orders.Add(attempt.Answer.OrderId!))
        {
            Units += attempt.Quantity;
            MaximumUnits += attempt.Quantity;
            if (attempt.Key is not null)
            {
                _byKey.TryAdd(attempt.Key, (attempt.Answer.OrderId!, attempt.Quantity));
            }
        }
    }
}
