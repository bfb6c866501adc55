using System.Security.Cryptography;

namespace Seckill.Shared.WaitingRoom;

/// <summary>The tree over all leaves of a draw, as in Certificate Transparency (RFC 6962, section 2.1).</summary>
public sealed class MerkleTree
{
    private const int HashBytes = SHA256.HashSizeInBytes;
    private readonly byte[][] _levels;

    // Of each level the last node, if not all leaves below it exist. Without a sibling it is moved up as it is.
    private readonly byte[]?[] _edge;

    /// <param name="count">Number of leaves.</param>
    /// <param name="levels">The leaves, and above them the nodes whose leaves are all there; more of each may follow. Kept.</param>
    internal MerkleTree(int count, byte[][] levels)
    {
        (Count, _levels) = (count, levels);
        _edge = new byte[]?[levels.Length + 1];
        for (var level = 0; NodesOf(level) > 1; level++)
        {
            var last = NodesOf(level) - 1;
            _edge[level + 1] = last % 2 == 0 ? Node(level, last).ToArray()
                : _edge[level] is { } edge ? Pair(Node(level, last - 1), edge) : null;
        }
    }

    /// <summary>The tree over these leaves.</summary>
    /// <param name="leaves">32 bytes each.</param>
    public static MerkleTree Over(byte[] leaves)
    {
        var builder = new MerkleTreeBuilder();
        builder.Grow(leaves.Length / HashBytes, (i, leaf) => leaves.AsSpan(i * HashBytes, HashBytes).CopyTo(leaf));
        return builder.Take(builder.Count);
    }

    /// <summary>Number of leaves.</summary>
    public int Count { get; }

    /// <summary>The root, hex; of no leaves, the hash of nothing.</summary>
    public string Root
    {
        get
        {
            var level = 0;
            while (NodesOf(level) > 1)
            {
                level++;
            }

            return Convert.ToHexStringLower(Count == 0 ? SHA256.HashData([]) : Node(level, 0));
        }
    }

    /// <summary>A leaf, hex.</summary>
    public string Leaf(int index) => Convert.ToHexStringLower(Node(0, index));

    /// <summary>The siblings from a leaf up to the root, hex.</summary>
    public IReadOnlyList<string> Path(int index)
    {
        var path = new List<string>();
        for (var level = 0; NodesOf(level) > 1; level++)
        {
            var sibling = (index >> level) ^ 1;
            if (sibling < NodesOf(level))
            {
                path.Add(Convert.ToHexStringLower(Node(level, sibling)));
            }
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
            node = at % 2 == 0 ? Pair(node, sibling) : Pair(sibling, node);
        }

        return used == path.Count ? Convert.ToHexStringLower(node) : null;
    }

    /// <summary>Hashes two siblings.</summary>
    /// <param name="siblings">64 bytes.</param>
    /// <param name="node">32 bytes, the node above them.</param>
    internal static void Join(ReadOnlySpan<byte> siblings, Span<byte> node)
    {
        Span<byte> text = stackalloc byte[1 + (2 * HashBytes)];
        text[0] = 1;
        siblings.CopyTo(text[1..]);
        SHA256.HashData(text, node);
    }

    private static byte[] Pair(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var node = new byte[HashBytes];
        Join([.. left, .. right], node);
        return node;
    }

    private int NodesOf(int level) => (int)((Count + (1L << level) - 1) >> level);

    private ReadOnlySpan<byte> Node(int level, int index) =>
        index < Count >> level ? _levels[level].AsSpan(index * HashBytes, HashBytes) : _edge[level];
}
