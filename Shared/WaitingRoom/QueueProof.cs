using System.Text.Json.Serialization;

namespace Seckill.Shared.WaitingRoom;

/// <summary>What the public gets of a draw, so that anyone can compute it again.</summary>
/// <param name="Algorithm">Names the hashes and the permutation: docs/decisions/0048.</param>
/// <param name="Commitment">Published before the first registration: the hash of the secret.</param>
/// <param name="Count">Registrations so far; from the draw on, the number of participants.</param>
/// <param name="DrawsAt">When the participants are fixed, UTC.</param>
/// <param name="BeaconName">A public value that was named in advance; null for none.</param>
/// <param name="SealedAt">When they were fixed.</param>
/// <param name="MerkleRoot">The root over their leaves, published before the secret; null before the draw.</param>
/// <param name="RootAt">When it was published.</param>
/// <param name="Beacon">The public value; null when there is none, or it did not come in time.</param>
/// <param name="Secret">What was committed to; null before the draw.</param>
/// <param name="Seed">Decides the positions; null before the draw.</param>
/// <param name="Leaves">All leaves, by place, when there are few; else they are read in pages.</param>
public sealed record QueueProof(
    long SaleId, string Algorithm, string Commitment, int Count, DateTimeOffset DrawsAt, string? BeaconName, DateTimeOffset? SealedAt,
    string? MerkleRoot, DateTimeOffset? RootAt, string? Beacon, string? Secret, string? Seed, IReadOnlyList<string>? Leaves)
{
    /// <summary>The leaves of more participants are read in pages.</summary>
    public const int MostLeaves = 1_000;

    /// <summary>On one page.</summary>
    public const int MostLeavesOfPage = 10_000;
}

/// <summary>What one buyer gets of it.</summary>
/// <param name="Index">The place in the order of registration, from 0.</param>
/// <param name="Blind">Hides the user in the leaf; keep it to yourself.</param>
/// <param name="Leaf">The leaf of this buyer and place.</param>
/// <param name="Path">From the leaf to the root; null before the draw, and for places that were taken after it.</param>
/// <param name="Position">The position, from 1; null before the draw.</param>
/// <param name="Proof">What all users get.</param>
public sealed record QueueReceipt(
    long SaleId, long UserId, int Index, string Blind, string Leaf, IReadOnlyList<string>? Path, int? Position, QueueProof Proof);

/// <summary>A page of leaves.</summary>
/// <param name="Leaves">The leaves behind <c>after</c>, by place.</param>
/// <param name="Next">The next <c>after</c>; null on the last page.</param>
public sealed record QueueLeaves(IReadOnlyList<string> Leaves, int? Next);

/// <summary>A proof and receipts in one file.</summary>
public sealed record QueueFile(QueueProof Proof, IReadOnlyList<QueueReceipt> Receipts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(Http.UtcTimeConverter)])]
[JsonSerializable(typeof(QueueProof))]
[JsonSerializable(typeof(QueueReceipt))]
[JsonSerializable(typeof(QueueLeaves))]
[JsonSerializable(typeof(QueueFile))]
public sealed partial class QueueJson : JsonSerializerContext;
