using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Seckill.Shared.WaitingRoom;

/// <summary>
/// The draw: a permutation of 0 to n - 1 that the seed decides, computed for one place at a time, so that no process sorts a million
/// positions. A Feistel network over a × b ≥ n cells (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", section 5): each round
/// adds a hash of one half to the other, which can be undone, so no two places meet; a result of n or more is sent through again.
/// </summary>
public sealed class QueuePermutation
{
    /// <summary>Rounds of the network.</summary>
    public const int Rounds = 8;

    private const int SeedBytes = 32;
    private readonly byte[] _seed;
    private readonly int _count;
    private readonly uint _rows;
    private readonly uint _columns;

    /// <param name="seed">32 bytes, hex.</param>
    /// <param name="count">n, at least 0.</param>
    /// <exception cref="FormatException">The seed is not 32 bytes of hex.</exception>
    public QueuePermutation(string seed, int count)
    {
        _seed = Convert.FromHexString(seed);
        if (_seed.Length != SeedBytes)
        {
            throw new FormatException("A seed has 32 bytes.");
        }

        _count = count;
        // The smallest square that covers n, without its empty columns: fewer than a tenth of the cells are empty, from a hundred on.
        _rows = 1;
        while ((long)_rows * _rows < count)
        {
            _rows++;
        }

        _columns = (uint)Math.Max(1, (count + (long)_rows - 1) / _rows);
    }

    /// <summary>The position of a place, both from 0.</summary>
    /// <param name="place">Below n.</param>
    public int Position(int place)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(place);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(place, _count);
        var cell = (uint)place;
        do
        {
            cell = Send(cell);
        }
        while (cell >= _count);
        return (int)cell;
    }

    private uint Send(uint cell)
    {
        var (row, column) = (cell / _columns, cell % _columns);
        Span<byte> text = stackalloc byte[SeedBytes + 1 + sizeof(uint)];
        _seed.CopyTo(text);
        for (byte round = 0; round < Rounds; round++)
        {
            text[SeedBytes] = round;
            if (round % 2 == 0)
            {
                row = (uint)((row + (Mix(text, column) % _rows)) % _rows);
            }
            else
            {
                column = (uint)((column + (Mix(text, row) % _columns)) % _columns);
            }
        }

        return (row * _columns) + column;
    }

    private static ulong Mix(Span<byte> text, uint half)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt32BigEndian(text[(SeedBytes + 1)..], half);
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
