using System.Security.Cryptography;

namespace Seckill.Shared.WaitingRoom;

/// <summary>
/// A tree that grows with the registrations of a room. Each node is hashed as soon as all its leaves are there, on all processors, so that
/// at the draw only the edge is missing, one node a level: a million leaves at once would take a second. Not safe for several threads.
/// </summary>
public sealed class MerkleTreeBuilder
{
    private const int HashBytes = SHA256.HashSizeInBytes;
    private const int NodesTogether = 4_096;

    // Level 0 has the leaves. What was written of an array never changes; trees share it.
    private readonly List<byte[]> _levels = [];

    /// <summary>Writes a leaf.</summary>
    /// <param name="index">Of the leaf, from 0.</param>
    /// <param name="leaf">32 bytes.</param>
    public delegate void LeafWriter(int index, Span<byte> leaf);

    /// <summary>Number of leaves.</summary>
    public int Count { get; private set; }

    /// <summary>Adds leaves.</summary>
    /// <param name="count">How many there are then.</param>
    /// <param name="write">Called for each, by several threads.</param>
    public void Grow(int count, LeafWriter write)
    {
        Write(0, Count, count, write);
        for (var level = 1; count >> level > 0; level++)
        {
            var below = _levels[level - 1];
            Write(level, Count >> level, count >> level, (i, node) =>
                MerkleTree.Join(below.AsSpan(2 * i * HashBytes, 2 * HashBytes), node));
        }

        Count = count;
    }

    /// <summary>The tree over the first leaves.</summary>
    /// <param name="count">0 to <see cref="Count"/>.</param>
    public MerkleTree Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        return new MerkleTree(count, [.. _levels]);
    }

    private void Write(int level, int first, int end, LeafWriter write)
    {
        if (level == _levels.Count)
        {
            _levels.Add([]);
        }

        var nodes = _levels[level];
        if (nodes.Length < end * HashBytes)
        {
            Array.Resize(ref nodes, Math.Max(2 * nodes.Length, end * HashBytes));
            _levels[level] = nodes;
        }

        Parallel.For(0, (end - first + NodesTogether - 1) / NodesTogether, block =>
        {
            var begin = first + (block * NodesTogether);
            for (var i = begin; i < Math.Min(end, begin + NodesTogether); i++)
            {
                write(i, nodes.AsSpan(i * HashBytes, HashBytes));
            }
        });
    }
}
