using System.CommandLine;
using Seckill.LoadTests.Load;

namespace Seckill.LoadTests.NBomber;

/// <summary><c>load</c>, as in <c>./seckill load</c>, with NBomber as the sender.</summary>
public static class NBomberCommand
{
    /// <summary>The command, for Program.cs.</summary>
    public static Command Create()
    {
        var config = new Option<string?>("--config") { Description = "NBomber's JSON configuration: a file or a URL." };
        config.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !IsUrl(token.Value) && !File.Exists(token.Value))
            {
                result.AddError($"--config must be a file or an http(s) URL; '{token.Value}' is neither.");
            }
        });
        return LoadCommand.Create(
            (parsed, directory) => new NBomberSender(directory, parsed.GetValue(config) is { } given ? Absolute(given) : null), config);
    }

    private static bool IsUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";

    // NBomber looks for a relative path from a directory of its own.
    private static string Absolute(string config) => IsUrl(config) ? config : Path.GetFullPath(config);
}
