using System.Security.Cryptography;
using System.Text.Json;
using Seckill.Shared.WaitingRoom;

namespace Seckill.Shared.Tests.WaitingRoom;

/// <summary>
/// Promise: anyone can compute a draw again, and a draw that was not honest is found out. The expected values were computed by a program of
/// thirty lines in another language, from decision 48 alone. Each fraud changes one thing that its victim or the public can see.
/// </summary>
public sealed class QueueProofTests
{
    private const long SaleId = 7;
    private const int Count = 60;
    private static readonly string s_secret = new('1', 64);
    private static readonly string s_blind = new('3', 32);
    private static readonly byte[] s_blindKey = Convert.FromHexString(new string('4', 64));
    private static readonly DateTimeOffset s_drawsAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    public static TheoryData<string> Frauds => [.. s_frauds.Keys];

    private static readonly Dictionary<string, Func<QueueFile, QueueFile>> s_frauds = new()
    {
        ["two buyers are swapped"] = file => Swap(file, 3, 4),
        ["a friend gets the first position"] = file => Change(file, 9, receipt => receipt with { Position = 1 }),
        ["a dummy is added after the root was fixed"] = file => With(file, proof => proof with
        {
            Count = proof.Count + 1, Leaves = [.. proof.Leaves!, LeafOf(Count, 666)],
        }),
        ["the tree is grown with a new root, under the old seed"] = file => With(file, proof =>
        {
            string[] grown = [.. proof.Leaves!, LeafOf(Count, 666)];
            return proof with { Count = grown.Length, Leaves = grown, MerkleRoot = RootOf(grown) };
        }),
        ["the tree is grown, and root and seed are made new"] = file => With(file, proof =>
        {
            string[] grown = [.. proof.Leaves!, LeafOf(Count, 666)];
            return Drawn(proof with { Count = grown.Length, Leaves = grown, MerkleRoot = RootOf(grown) });
        }),
        ["a leaf is given to another user, with a new root and seed"] = file => With(file, proof =>
        {
            string[] stolen = [.. proof.Leaves!.Select((leaf, i) => i == 5 ? LeafOf(5, 666) : leaf)];
            return Drawn(proof with { Leaves = stolen, MerkleRoot = RootOf(stolen) });
        }),
        ["the secret is chosen after the draw"] = file => With(file, proof => Drawn(proof with { Secret = new string('9', 64) })),
        ["the commitment is replaced with the secret"] = file => With(file, proof => Drawn(proof with
        {
            Secret = new string('9', 64), Commitment = QueueSeed.Commit(SaleId, new string('9', 64)),
        })),
        ["the seed is replaced"] = file => With(file, proof => proof with { Seed = new string('a', 64) }),
        ["the root is replaced"] = file => With(file, proof => proof with { Leaves = null, MerkleRoot = new string('b', 64) }),
        ["the number of participants is changed"] = file => With(file, proof => proof with { Leaves = null, Count = proof.Count - 1 }),
        ["the value of the beacon is replaced"] = file => With(file, proof => proof with { Beacon = "another" }),
        ["the beacon that was named is left out"] = file => With(file, proof => Drawn(proof with { Beacon = null })),
        ["a receipt is moved to another place"] = file => Change(file, 9, receipt => receipt with { Index = 10 }),
        ["a path of another place is shown"] = file => Change(file, 9, receipt => receipt with { Path = file.Receipts[10].Path }),
        ["a user has two places in the draw"] = file => file with
        {
            Receipts = [.. file.Receipts, Receipt(file.Proof, 20, file.Receipts[0].UserId)],
        },
        ["the draw was before its time"] = file => With(file, proof => proof with { SealedAt = s_drawsAt.AddSeconds(-1) }),
        ["two participants have one leaf"] = file => With(file, proof =>
        {
            string[] twice = [.. proof.Leaves!.Select((leaf, i) => i == 50 ? proof.Leaves![49] : leaf)];
            return Drawn(proof with { Leaves = twice, MerkleRoot = RootOf(twice) });
        }),
        ["a beacon is mixed in that nobody had named"] = file => With(file, proof => proof with { BeaconName = null }),
        ["a leaf is left out"] = file => With(file, proof => proof with { Leaves = [.. proof.Leaves!.SkipLast(1)] }),
        ["two buyers have one place"] = file => file with { Receipts = [.. file.Receipts, Receipt(file.Proof, 3, 666)] },
        ["two buyers have one position"] = file =>
            Change(file, 9, receipt => receipt with { Position = file.Receipts[3].Position }),
    };

    /// <summary>What is found of each: a rule that another one hides would be no rule.</summary>
    private static readonly Dictionary<string, string> s_faults = new()
    {
        ["two buyers are swapped"] = "and the seed gives",
        ["a friend gets the first position"] = "and the seed gives",
        ["a dummy is added after the root was fixed"] = "the leaves do not lead to the root",
        ["the tree is grown with a new root, under the old seed"] = "the seed does not come",
        ["the tree is grown, and root and seed are made new"] = "names another root or number of participants",
        ["a leaf is given to another user, with a new root and seed"] = "is not among the leaves",
        ["the secret is chosen after the draw"] = "the secret is not the one",
        ["the commitment is replaced with the secret"] = "is of another draw",
        ["the seed is replaced"] = "the seed does not come",
        ["the root is replaced"] = "names another root or number of participants",
        ["the number of participants is changed"] = "the seed does not come",
        ["the value of the beacon is replaced"] = "the seed does not come",
        ["the beacon that was named is left out"] = "was named and is not in the seed",
        ["a receipt is moved to another place"] = "has a leaf of another user or place",
        ["a path of another place is shown"] = "does not lead to the root",
        ["a user has two places in the draw"] = "user 100 stands on two receipts",
        ["the draw was before its time"] = "the participants were fixed before",
        ["two participants have one leaf"] = "a leaf stands twice",
        ["a beacon is mixed in that nobody had named"] = "is in the seed that was not named",
        ["a leaf is left out"] = "leaves for",
        ["two buyers have one place"] = "place 3 stands on two receipts",
        ["two buyers have one position"] = "stands on two receipts",
    };

    [Fact]
    public void The_hashes_are_the_ones_that_are_published()
    {
        Assert.Equal("8f6fc06ed775dd9b020e9a815289d2a47177a806615148d40bfc8f7319b65f1c", QueueSeed.Commit(SaleId, s_secret));
        Assert.Equal(
            "9e37e74cd2c8b624f643ac670b606efedf730dc62a23ebe6304072dd83df0e57",
            QueueSeed.Seed(SaleId, 3, s_secret, new string('2', 64), "beacon"));
        string[] leaves = [.. Enumerable.Range(0, 5).Select(i => QueueSeed.Leaf(SaleId, i, 100 + i, s_blind))];
        Assert.Equal("0cf6f333cd5983c526f11da1f2f1236781e7d19977a73029242ab81cabcabaac", leaves[0]);
        Assert.Equal("bbb98160843d035633feff6505702d12f0be4adcd79f4c20c5900b11f15d9980", RootOf(leaves));
    }

    [Fact]
    public void Every_leaf_of_every_tree_leads_to_the_root()
    {
        // The last is more than is hashed at once.
        foreach (var count in Enumerable.Range(1, 70).Append(20_001))
        {
            var tree = MerkleTree.Over(Convert.FromHexString(string.Concat(Enumerable.Range(0, count).Select(i => LeafOf(i, i + 1)))));
            for (var i = 0; i < count; i += count < 100 ? 1 : 1_000)
            {
                Assert.Equal(tree.Root, MerkleTree.RootOf(tree.Leaf(i), i, count, tree.Path(i)));
                Assert.NotEqual(tree.Root, MerkleTree.RootOf(LeafOf(i, 999), i, count, tree.Path(i)));
            }
        }
    }

    // Broken by an edge that belongs to another size, or by a node that was hashed before its leaves were there.
    [Fact]
    public void A_tree_that_grew_in_steps_has_at_each_size_the_root_of_the_RFC()
    {
        byte[][] leaves = [.. Enumerable.Range(0, 70).Select(i => SHA256.HashData([(byte)i]))];
        foreach (var step in (int[])[1, 2, 3, 7, 32, 70])
        {
            var builder = new MerkleTreeBuilder();
            while (builder.Count < leaves.Length)
            {
                builder.Grow(Math.Min(leaves.Length, builder.Count + step), (i, leaf) => leaves[i].CopyTo(leaf));
                Assert.All(Enumerable.Range(0, builder.Count + 1), count => Assert.Equal(
                    Convert.ToHexStringLower(Rfc6962(leaves[..count])), builder.Take(count).Root));
            }
        }

        static byte[] Rfc6962(byte[][] leaves)
        {
            var half = 1;
            while (2 * half < leaves.Length)
            {
                half *= 2;
            }

            return leaves.Length switch
            {
                0 => SHA256.HashData([]),
                1 => leaves[0],
                _ => SHA256.HashData([1, .. Rfc6962(leaves[..half]), .. Rfc6962(leaves[half..])]),
            };
        }
    }

    [Fact]
    public void An_honest_draw_is_accepted_with_all_leaves_with_receipts_and_with_one_alone()
    {
        var file = Honest();
        Assert.Empty(QueueVerifier.Check(file).Faults);
        Assert.True(QueueVerifier.Check(file).IsDrawn);
        Assert.Empty(Check(file.Proof, QueueJson.Default.QueueProof));
        Assert.All(file.Receipts, receipt => Assert.Empty(Check(receipt, QueueJson.Default.QueueReceipt)));
        Assert.Empty(QueueVerifier.Check(file with { Proof = file.Proof with { Leaves = null } }).Faults);
    }

    [Fact]
    public void Before_the_draw_nothing_is_wrong_and_nothing_is_proved()
    {
        var proof = Honest().Proof with { Secret = null, Seed = null, MerkleRoot = null, Leaves = null, Beacon = null };
        var verdict = QueueVerifier.Check(new QueueFile(proof, []));
        Assert.Empty(verdict.Faults);
        Assert.False(verdict.IsDrawn);
    }

    [Theory]
    [MemberData(nameof(Frauds))]
    public void A_fraud_is_found_out(string fraud) => Assert.Contains(
        QueueVerifier.Check(s_frauds[fraud](Honest())).Faults,
        fault => fault.Contains(s_faults[fraud], StringComparison.Ordinal));

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"receipts":[]}""")]
    [InlineData("""{"blind":"33"}""")]
    public void A_file_that_is_something_else_is_refused(string json) =>
        Assert.ThrowsAny<JsonException>(() => QueueVerifier.Read(json));

    private static IReadOnlyList<string> Check<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        QueueVerifier.Check(QueueVerifier.Read(JsonSerializer.Serialize(value, type))).Faults;

    // Some of the buyers kept their receipt from before the draw, as they are told to.
    private static QueueFile Honest()
    {
        string[] leaves = [.. Enumerable.Range(0, Count).Select(i => LeafOf(i, 100 + i))];
        var proof = Drawn(new QueueProof(
            SaleId, QueueSeed.Algorithm, QueueSeed.Commit(SaleId, s_secret), Count, s_drawsAt, "lottery 4711", s_drawsAt, RootOf(leaves),
            s_drawsAt.AddSeconds(1), "1 2 3", s_secret, null, leaves));
        var before = proof with
        {
            Secret = null, Seed = null, MerkleRoot = null, Leaves = null, Beacon = null, SealedAt = null, RootAt = null,
        };
        return new QueueFile(proof,
        [
            .. Enumerable.Range(0, 12).Select(i => Receipt(proof, i, 100 + i)),
            Receipt(proof, 12, 112) with { Path = null, Position = null, Proof = before with { Count = 20 } },
        ]);
    }

    private static QueueReceipt Receipt(QueueProof proof, int index, long userId)
    {
        var tree = MerkleTree.Over(Convert.FromHexString(string.Concat(proof.Leaves!)));
        var blind = QueueSeed.Blind(s_blindKey, userId);
        return new(
            SaleId, userId, index, blind, LeafOf(index, userId), tree.Path(index),
            1 + new QueuePermutation(proof.Seed!, proof.Count).Position(index), proof with { Leaves = null });
    }

    private static QueueProof Drawn(QueueProof proof) => proof with
    {
        Seed = QueueSeed.Seed(SaleId, proof.Count, proof.Secret!, proof.MerkleRoot!, proof.Beacon ?? ""),
    };

    private static QueueFile With(QueueFile file, Func<QueueProof, QueueProof> change) => file with { Proof = change(file.Proof) };

    private static QueueFile Change(QueueFile file, int index, Func<QueueReceipt, QueueReceipt> change) =>
        file with { Receipts = [.. file.Receipts.Select((receipt, i) => i == index ? change(receipt) : receipt)] };

    private static QueueFile Swap(QueueFile file, int one, int other)
    {
        var (first, second) = (file.Receipts[one].Position, file.Receipts[other].Position);
        return Change(
            Change(file, one, receipt => receipt with { Position = second }), other, receipt => receipt with { Position = first });
    }

    private static string LeafOf(int index, long userId)
    {
        var leaf = new byte[32];
        QueueSeed.Leaf(SaleId, index, userId, s_blindKey, leaf);
        return Convert.ToHexStringLower(leaf);
    }

    private static string RootOf(IEnumerable<string> leaves) => MerkleTree.Over(Convert.FromHexString(string.Concat(leaves))).Root;
}
