using System.Globalization;
using System.Text;

namespace Seckill.Fuzz.Wire;

/// <summary>Bytes as a person can read and repeat them.</summary>
internal static class Printable
{
    private const int Longest = 1_500;

    /// <summary>Printable ASCII and line feeds as they are, other bytes as \xNN; the middle of a long text is left out.</summary>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes.Length > Longest && i == Longest / 2)
            {
                var left = bytes.Length - Longest;
                text.Append(CultureInfo.InvariantCulture, $"…{left} bytes…");
                i += left;
            }

            _ = bytes[i] is (byte)'\n' or >= 0x20 and < 0x7f and not (byte)'\\'
                ? text.Append((char)bytes[i])
                : bytes[i] == '\r' ? text.Append("\\r") : text.Append(CultureInfo.InvariantCulture, $"\\x{bytes[i]:x2}");
        }

        return text.ToString();
    }
}
