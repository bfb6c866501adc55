using System.Text.Json;

namespace Seckill.Shared.WaitingRoom;

/// <summary>What a check of a draw found.</summary>
/// <param name="Checked">What was computed again, and is right.</param>
/// <param name="Faults">What is wrong; empty for an honest draw.</param>
/// <param name="IsDrawn">False when the draw is to come: then nothing can be wrong yet.</param>
public sealed record QueueVerdict(IReadOnlyList<string> Checked, IReadOnlyList<string> Faults, bool IsDrawn);

/// <summary>Computes a draw again from what is public, and receipts from what their buyers have.</summary>
public static class QueueVerifier
{
    /// <summary>Reads a proof, a receipt, or an object with <c>proof</c> and <c>receipts</c>.</summary>
    /// <exception cref="JsonException">It is none of these.</exception>
    public static QueueFile Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("not an object");
        }

        if (root.TryGetProperty("receipts", out _))
        {
            return Known(JsonSerializer.Deserialize(json, QueueJson.Default.QueueFile));
        }

        if (root.TryGetProperty("blind", out _))
        {
            var receipt = JsonSerializer.Deserialize(json, QueueJson.Default.QueueReceipt)!;
            return Known(new QueueFile(receipt.Proof, [receipt]));
        }

        return Known(new QueueFile(JsonSerializer.Deserialize(json, QueueJson.Default.QueueProof)!, []));
    }

    /// <summary>Checks the proof, and each receipt against it.</summary>
    public static QueueVerdict Check(QueueFile file)
    {
        var (right, wrong, proof) = (new List<string>(), new List<string>(), file.Proof);
        void Rule(bool holds, string good, string bad) => (holds ? right : wrong).Add(holds ? good : bad);
        if (proof.Algorithm != QueueSeed.Algorithm)
        {
            return new([], [$"the algorithm is {proof.Algorithm}, and this program knows {QueueSeed.Algorithm}"], true);
        }

        var isDrawn = proof is { Secret: not null, Seed: not null, MerkleRoot: not null };
        try
        {
            if (isDrawn)
            {
                CheckDraw(proof, Rule);
            }

            if (proof.Leaves is { } leaves)
            {
                Rule(
                    leaves.Count == proof.Count, $"there are {leaves.Count} leaves",
                    $"there are {leaves.Count} leaves for {proof.Count} places");
                Rule(leaves.Distinct().Count() == leaves.Count, "no leaf stands twice", "a leaf stands twice");
                var tree = MerkleTree.Over(Convert.FromHexString(string.Concat(leaves)));
                Rule(
                    tree.Root == proof.MerkleRoot, "the leaves lead to the root",
                    "the leaves do not lead to the root: one was changed, added or removed");
            }

            CheckReceipts(file, isDrawn, Rule);
        }
        catch (FormatException exception)
        {
            wrong.Add("a value is not hexadecimal, or has another length: " + exception.Message);
        }

        return new(right, wrong, isDrawn);
    }

    private static void CheckDraw(QueueProof proof, Action<bool, string, string> rule)
    {
        rule(QueueSeed.Commit(proof.SaleId, proof.Secret!) == proof.Commitment,
            "the secret is the one that was committed to", "the secret is not the one that was committed to");
        rule(QueueSeed.Seed(proof.SaleId, proof.Count, proof.Secret!, proof.MerkleRoot!, proof.Beacon ?? "") == proof.Seed,
            "the seed comes from the secret, the participants and the beacon",
            "the seed does not come from this secret, number of participants, root and beacon");
        rule(proof.SealedAt >= proof.DrawsAt && proof.RootAt >= proof.SealedAt,
            "the participants were fixed at the draw", "the participants were fixed before the draw was due, or after their root");
        if (proof.BeaconName is { } name)
        {
            rule(proof.Beacon is not null, $"the beacon \"{name}\" is in the seed; compare its value with its source: {proof.Beacon}",
                $"the beacon \"{name}\" was named and is not in the seed");
        }
        else
        {
            rule(proof.Beacon is null, "no beacon was named", "a beacon is in the seed that was not named");
        }
    }

    private static void CheckReceipts(QueueFile file, bool isDrawn, Action<bool, string, string> rule)
    {
        var proof = file.Proof;
        var permutation = isDrawn ? new QueuePermutation(proof.Seed!, proof.Count) : null;
        foreach (var receipt in file.Receipts)
        {
            var whose = string.Create(CultureInfo.InvariantCulture, $"the receipt of user {receipt.UserId}, place {receipt.Index}");
            var shown = receipt.Proof;
            rule(receipt.SaleId == proof.SaleId && shown.Commitment == proof.Commitment,
                $"{whose} is of this draw", $"{whose} is of another draw, or the commitment was replaced since");
            rule(shown.MerkleRoot is null || (shown.MerkleRoot == proof.MerkleRoot && shown.Count == proof.Count),
                $"{whose} names the same participants", $"{whose} names another root or number of participants");
            rule(QueueSeed.Leaf(receipt.SaleId, receipt.Index, receipt.UserId, receipt.Blind) == receipt.Leaf,
                $"{whose} has its own leaf", $"{whose} has a leaf of another user or place");
            if (!isDrawn)
            {
                continue;
            }

            var isInDraw = receipt.Index < proof.Count;
            if (isInDraw && proof.Leaves is { } leaves && receipt.Index < leaves.Count)
            {
                rule(leaves[receipt.Index] == receipt.Leaf,
                    $"{whose} is among the leaves", $"{whose} is not among the leaves: its place is another's");
            }

            if (receipt.Path is { } path)
            {
                rule(MerkleTree.RootOf(receipt.Leaf, receipt.Index, proof.Count, path) == proof.MerkleRoot,
                    $"{whose} leads to the root", $"{whose} does not lead to the root");
            }

            if (receipt.Position is { } position)
            {
                var expected = 1 + (isInDraw ? permutation!.Position(receipt.Index) : receipt.Index);
                rule(position == expected,
                    $"{whose} has its position, {position}", $"{whose} has position {position}, and the seed gives {expected}");
            }
        }

        Unique(receipt => receipt.Index, "place");
        Unique(receipt => receipt.Position, "position");
        Unique(receipt => receipt.Index < proof.Count ? receipt.UserId : null, "user");

        void Unique(Func<QueueReceipt, long?> key, string what)
        {
            var twice = file.Receipts.GroupBy(key).FirstOrDefault(
                group => group.Key is not null && group.Select(receipt => (receipt.UserId, receipt.Index)).Distinct().Count() > 1);
            rule(twice is null, $"no {what} stands on two receipts", $"{what} {twice?.Key} stands on two receipts");
        }
    }

    private static QueueFile Known(QueueFile? file) =>
        file is { Proof: { Algorithm: not null, Commitment: not null }, Receipts: not null }
            && file.Receipts.All(receipt => receipt is { Proof: not null, Blind: not null, Leaf: not null })
            ? file : throw new JsonException("neither a proof, nor a receipt, nor both");
}
