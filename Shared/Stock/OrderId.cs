using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Seckill.Shared.Stock;

/// <summary>
/// An order id is 32 lower-case hex digits: 8 of the sale item's number, so that any instance finds the hold; 10 of the time in
/// milliseconds (modulo 34 years), so that new ids are adjacent at the end of every index; and 14 random ones (56 bits). The time is only
/// for the indexes: a wrong clock costs speed and nothing else. The caller makes all digits but the number.
/// </summary>
public static class OrderId
{
    /// <summary>Digits in an id.</summary>
    public const int Length = 32;

    /// <summary>Digits of the item's number at the start of an id.</summary>
    public const int NumberLength = 8;

    /// <summary>Digits of the time, and random ones, at the end of an id.</summary>
    public const int SuffixLength = Length - NumberLength;

    private const int TimeBytes = 5;

    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789abcdef");

    /// <summary>The number of an item as the first digits of an order id.</summary>
    public static string Number(int itemNumber) => itemNumber.ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Fills <paramref name="suffix"/> (<see cref="SuffixLength"/> bytes of ASCII) with the digits of a new id.</summary>
    public static void FillSuffix(Span<byte> suffix)
    {
        Span<byte> digits = stackalloc byte[SuffixLength / 2];
        Span<byte> time = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(time, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        time[^TimeBytes..].CopyTo(digits);
        RandomNumberGenerator.Fill(digits[TimeBytes..]);
        Convert.TryToHexStringLower(digits, suffix, out _);
    }

    /// <summary>The whole id.</summary>
    /// <param name="number">See <see cref="Number"/>.</param>
    /// <param name="suffix">See <see cref="FillSuffix"/>.</param>
    public static string Join(string number, ReadOnlySpan<byte> suffix)
    {
        Span<char> id = stackalloc char[Length];
        number.CopyTo(id);
        Encoding.ASCII.GetChars(suffix, id[NumberLength..]);
        return new string(id);
    }

    /// <summary>True for 32 lower-case hex digits.</summary>
    public static bool IsValid(string id) => id.Length == Length && !id.AsSpan().ContainsAnyExcept(s_digits);
}
