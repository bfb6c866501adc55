using System.CommandLine;
using System.Text;
using Seckill.LoadTests.Client;
using Seckill.Shared.Security;

namespace Seckill.LoadTests.Tokens;

/// <summary><c>token 42</c> or <c>token 1-1000</c>: signed buyer tokens, one a line, in the order of the users.</summary>
public static class TokenCommand
{
    private const int HoursPerYear = 8766;

    /// <summary>The command, for the table in Program.cs.</summary>
    public static Command Create()
    {
        var users = new Argument<string>("users") { Description = "A user id (42) or a range of them (1-1000)." };
        var lifetime = new Option<int>("--lifetime-hours")
        {
            Description = $"Hours until the tokens expire, 1 to {HoursPerYear}.",
            DefaultValueFactory = _ => 24,
        };
        lifetime.Validators.Add(result =>
        {
            // A value that does not convert has its own message; asking for it here would throw.
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var hours) && hours is < 1 or > HoursPerYear)
            {
                result.AddError($"--lifetime-hours must be between 1 and {HoursPerYear}.");
            }
        });

        var command = new Command("token", $"Prints signed buyer tokens, one per line, signed with {LoadTarget.TokenKeyVariable}.")
        {
            users, lifetime,
        };
        command.SetAction(parsed => Print(parsed.GetRequiredValue(users), TimeSpan.FromHours(parsed.GetRequiredValue(lifetime))));
        return command;
    }

    private static int Print(string users, TimeSpan lifetime)
    {
        if (!UserRange.TryParse(users, out var range, out var reason))
        {
            Console.Error.WriteLine(reason);
            return ExitCode.Usage;
        }

        var key = Environment.GetEnvironmentVariable(LoadTarget.TokenKeyVariable) is { Length: > 0 } given
            ? given : DevelopmentKeys.BuyerToken;
        if (LoadTarget.ProblemOf(key) is { } problem)
        {
            Console.Error.WriteLine(problem);
            return ExitCode.Usage;
        }

        var signer = new BuyerToken(key, TimeProvider.System);
        try
        {
            using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), bufferSize: 64 * 1024);
            for (var offset = 0L; offset < range.Count; offset++)
            {
                output.Write(signer.Sign(range.First + offset, lifetime));
                output.Write('\n');
            }
        }
        catch (IOException)
        {
            // The reader has seen enough, as in `token 1-1000 | head`.
        }

        return ExitCode.Right;
    }
}
