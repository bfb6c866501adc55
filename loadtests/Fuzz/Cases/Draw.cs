namespace Seckill.Fuzz.Cases;

/// <summary>The random choices of one case. The same seed and number make the same choices, whichever cases ran before.</summary>
internal sealed class Draw(int seed, int number)
{
    private readonly Random _random = new(unchecked((seed * 1_000_003) + number));

    public int Below(int bound) => _random.Next(bound);

    public bool OneIn(int count) => _random.Next(count) == 0;

    public T From<T>(params IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Lower-case hex digits.</summary>
    public string Hex(int digits) => Convert.ToHexStringLower(Bytes((digits + 1) / 2))[..digits];
}
