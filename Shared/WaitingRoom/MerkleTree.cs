using System.Security.Cryptography;

namespace Seckill.Shared.WaitingRoom;

/// <summary>The tree over all leaves of a draw, as in Certificate Transparency (RFC 6962, section 2.1).</summary>
public sealed class MerkleTree
{
    private const int HashBytes = SHA256.HashSizeInBytes;
    private const int PairsTogether = 4_096;

    // Level 0 has the leaves; a node without a sibling is moved up as it is, which is the tree of the RFC.
    private readonly List<byte[]> _levels = [];

    /// <param name="leaves">The leaves, 32 bytes each. Kept.</param>
    public MerkleTree(byte[] leaves)
    {
        Count = leaves.Length / HashBytes;
        _levels.Add(leaves);
        while (_levels[^1].Length > HashBytes)
        {
            _levels.Add(Above(_levels[^1]));
        }
    }

    /// <summary>Number of leaves.</summary>
    public int Count { get; }

    /// <summary>The root, hex; of no leaves, the hash of nothing.</summary>
    public string Root => Convert.ToHexStringLower(Count == 0 ? SHA256.HashData([]) : _levels[^1]);

    /// <summary>A leaf, hex.</summary>
    public string Leaf(int index) => Convert.ToHexStringLower(_levels[0].AsSpan(index * HashBytes, HashBytes));

    /// <summary>The siblings from a leaf up to the root, hex.</summary>
    public IReadOnlyList<string> Path(int index)
    {
        var path = new List<string>();
        foreach (var level in _levels.SkipLast(1))
        {
            var sibling = index ^ 1;
            if (sibling * HashBytes < level.Length)
            {
                path.Add(Convert.ToHexStringLower(level.AsSpan(sibling * HashBytes, HashBytes)));
            }

            index >>= 1;
        }

        return path;
    }

    /// <summary>The root to which a leaf and its path lead in a tree of this size, hex; null when the path has another length.</summary>
    public static string? RootOf(string leaf, int index, int count, IReadOnlyList<string> path)
    {
        if (index < 0 || index >= count)
        {
            return null;
        }

        var node = Convert.FromHexString(leaf);
        var used = 0;
        for (var (at, last) = (index, count - 1); last > 0; at >>= 1, last >>= 1)
        {
            if (at == last && at % 2 == 0)
            {
                continue;
            }

            if (used == path.Count)
            {
                return null;
            }

            var sibling = Convert.FromHexString(path[used++]);
            node = at % 2 == 0 ? Join(node, sibling) : Join(sibling, node);
        }

        return used == path.Count ? Convert.ToHexStringLower(node) : null;
    }

    private static byte[] Above(byte[] level)
    {
        var nodes = level.Length / HashBytes;
        var (pairs, above) = (nodes / 2, new byte[(nodes + 1) / 2 * HashBytes]);
        Parallel.For(0, (pairs + PairsTogether - 1) / PairsTogether, block =>
        {
            Span<byte> text = stackalloc byte[1 + (2 * HashBytes)];
            text[0] = 1;
            for (var i = block * PairsTogether; i < Math.Min(pairs, (block + 1) * PairsTogether); i++)
            {
                level.AsSpan(2 * i * HashBytes, 2 * HashBytes).CopyTo(text[1..]);
                SHA256.HashData(text, above.AsSpan(i * HashBytes, HashBytes));
            }
        });
        if (nodes % 2 == 1)
        {
            level.AsSpan((nodes - 1) * HashBytes, HashBytes).CopyTo(above.AsSpan((nodes - 1) / 2 * HashBytes));
        }

        return above;
    }

    private static byte[] Join(byte[] left, byte[] right) => SHA256.HashData([1, .. left, .. right]);
}
