using System.Globalization;
using System.Text;

namespace Seckill.Tests.Harness.Processes;

/// <summary>The command that the connections of a <see cref="Relay"/> to Redis look for, to hold it back.</summary>
internal sealed class CommandHold
{
    private Wanted? _wanted;

    /// <summary>Waits for the next command that runs a script.</summary>
    /// <param name="script">Its SHA-1.</param>
    /// <param name="isOver">Ends the wait.</param>
    /// <returns>The command, which was not sent; null when none came.</returns>
    public async Task<byte[]?> NextAsync(string script, Func<bool> isOver)
    {
        var wanted = new Wanted(Encoding.ASCII.GetBytes(script));
        // Of two that wait the later one counts.
        Volatile.Write(ref _wanted, wanted);
        while (!wanted.Found.Task.IsCompleted && !isOver())
        {
            await Task.WhenAny(wanted.Found.Task, Task.Delay(20));
        }

        Interlocked.CompareExchange(ref _wanted, null, wanted);
        wanted.Found.TrySetResult(null);
        return await wanted.Found.Task;
    }

    /// <summary>True when this is the command; only its first copy is.</summary>
    public bool Takes(ReadOnlySpan<byte> command) =>
        Volatile.Read(ref _wanted) is { } wanted && command.IndexOf(wanted.Script) >= 0 && wanted.Found.TrySetResult(command.ToArray());

    private sealed record Wanted(byte[] Script)
    {
        public TaskCompletionSource<byte[]?> Found { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Cuts what a client sends to Redis into whole commands; one connection.</summary>
/// <param name="hold">What may be held back.</param>
internal sealed class RedisCommands(CommandHold hold)
{
    private byte[] _rest = [];

    /// <summary>A command was held back: nothing more may pass.</summary>
    public bool IsCut { get; private set; }

    /// <returns>The whole commands so far that may pass.</returns>
    public byte[] Pass(byte[] bytes)
    {
        byte[] all = [.. _rest, .. bytes];
        var passed = 0;
        for (int length; (length = Length(all.AsSpan(passed))) > 0; passed += length)
        {
            if (hold.Takes(all.AsSpan(passed, length)))
            {
                IsCut = true;
                break;
            }
        }

        _rest = all[passed..];
        return all[..passed];
    }

    // Of the first command: "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n"; 0 while its end is missing.
    private static int Length(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        for (var words = Number(bytes, ref at); words > 0; words--)
        {
            if (Number(bytes, ref at) is not (>= 0 and var length) || at + length + 2 > bytes.Length)
            {
                return 0;
            }

            at += length + 2;
        }

        return at;
    }

    // Behind its mark, * or $; -1 while its end is missing.
    private static int Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        var end = at < bytes.Length ? bytes[at..].IndexOf("\r\n"u8) : -1;
        if (end < 0)
        {
            return -1;
        }

        var number = int.Parse(bytes[(at + 1)..(at + end)], CultureInfo.InvariantCulture);
        at += end + 2;
        return number;
    }
}
