namespace Seckill.OrderService.Tests.Orders;

/// <summary>What an order and an item should be, in a few lines and in memory.</summary>
internal sealed class Model(int units, int limit)
{
    private readonly Dictionary<string, int> _changes = [];
    private readonly HashSet<string> _payments = [];

    public List<ModelOrder> Orders { get; } = [];

    public int Allocated { get; private set; } = units;

    /// <summary>Reasons of the refunds.</summary>
    public List<string> Refunds { get; } = [];

    public int Held => Orders.Where(order => order.Holds).Sum(order => order.Quantity);

    public int Available => Allocated - Held;

    public int Live => Orders.Where(order => order.Status is "placed" or "paid").Sum(order => order.Quantity);

    public bool MayReserve(long user, int quantity) => HeldBy(user) + quantity <= limit && quantity <= Available;

    public int HeldBy(long user) => Orders.Where(order => order.Holds && order.User == user).Sum(order => order.Quantity);

    public string Pay(ModelOrder order, string paymentId, bool rightAmount)
    {
        if (!_payments.Add(paymentId))
        {
            return "Duplicate";
        }

        if (order.Status == "placed" && rightAmount)
        {
            order.Status = "paid";
            return "Accepted";
        }

        Refunds.Add(order.Status switch
        {
            "reserved" => "unknown-order", "placed" => "wrong-amount", "paid" => "already-paid", var closed => closed,
        });
        return "Refund";
    }

    public string Change(string key, int delta)
    {
        if (_changes.TryGetValue(key, out var known))
        {
            return known == delta ? "Made" : "KeyReused";
        }

        if (Available + delta < 0)
        {
            return "NotEnough";
        }

        _changes.Add(key, delta);
        Allocated += delta;
        return "Made";
    }
}

/// <summary>An order of the model.</summary>
internal sealed class ModelOrder(long user, int quantity)
{
    public long User => user;

    public int Quantity => quantity;

    public string Status { get; set; } = "reserved";

    /// <summary>Until its stock is given back.</summary>
    public bool Holds { get; set; } = true;
}
