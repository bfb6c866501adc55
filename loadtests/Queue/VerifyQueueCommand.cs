using System.CommandLine;
using System.Text.Json;
using Seckill.Shared.WaitingRoom;

namespace Seckill.LoadTests.Queue;

/// <summary><c>verify-queue FILE</c>: computes the draw of a waiting room again.</summary>
public static class VerifyQueueCommand
{
    /// <summary>The command, for the table in Program.cs.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "A proof, a receipt, or both, as JSON; - reads standard input." };
        var command = new Command("verify-queue", "Computes the draw of a waiting room again from its proof.") { file };
        command.SetAction(parsed => Verify(parsed.GetRequiredValue(file)));
        return command;
    }

    private static int Verify(string path)
    {
        QueueFile file;
        try
        {
            file = QueueVerifier.Read(path == "-" ? Console.In.ReadToEnd() : File.ReadAllText(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            Console.Error.WriteLine($"{path} is not a proof or a receipt of a waiting room: {exception.Message}");
            return ExitCode.Usage;
        }

        var verdict = QueueVerifier.Check(file);
        foreach (var line in verdict.Checked)
        {
            Console.WriteLine("ok     " + line);
        }

        foreach (var line in verdict.Faults)
        {
            Console.WriteLine("WRONG  " + line);
        }

        if (verdict.Faults.Count > 0)
        {
            Console.WriteLine($"WRONG: the draw of sale {file.Proof.SaleId} is not what was promised.");
            return ExitCode.Wrong;
        }

        if (!verdict.IsDrawn)
        {
            Console.WriteLine($"NOT YET: sale {file.Proof.SaleId} is not drawn. Keep the commitment: {file.Proof.Commitment}");
            return ExitCode.Inconclusive;
        }

        Console.WriteLine(
            $"RIGHT: {file.Proof.Count} participants of sale {file.Proof.SaleId}"
            + (file.Proof.Leaves is null ? "; without the leaves, the root is taken as it is." : "."));
        return ExitCode.Right;
    }
}
