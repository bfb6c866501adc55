using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Seckill.Shared.WaitingRoom;

/// <summary>
/// The proof of work before a registration: a text for which SHA-256 of "challenge:text" begins with so many zero bits. The challenge names
/// the room and the user, so it needs no store, and a solution opens one door for one user.
/// </summary>
public static class QueueWork
{
    /// <summary>The header that has the solution.</summary>
    public const string Header = "Queue-Work";

    /// <summary>Above it, a phone takes minutes.</summary>
    public const int MaximumBits = 24;

    private const int LongestSolution = 32;

    /// <summary>What a user has to solve.</summary>
    public static string Challenge(string commitment, long userId) =>
        string.Create(CultureInfo.InvariantCulture, $"{commitment}:{userId}");

    /// <summary>True when the text solves it. One hash.</summary>
    public static bool IsSolved(string challenge, string? solution, int bits)
    {
        if (solution is not { Length: > 0 and <= LongestSolution })
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(challenge + ":" + solution), hash);
        return BitOperations.LeadingZeroCount(BinaryPrimitives.ReadUInt32BigEndian(hash)) >= bits;
    }

    /// <summary>A solution, for clients.</summary>
    public static string Solve(string challenge, int bits)
    {
        for (var i = 0; ; i++)
        {
            var text = i.ToString(CultureInfo.InvariantCulture);
            if (IsSolved(challenge, text, bits))
            {
                return text;
            }
        }
    }
}
