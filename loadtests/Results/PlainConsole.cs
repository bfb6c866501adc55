using Spectre.Console;

namespace Seckill.LoadTests.Results;

/// <summary>The terminal; 80 columns without colours when the output goes anywhere else.</summary>
public static class PlainConsole
{
    /// <summary>Whatever there is.</summary>
    public static IAnsiConsole Create()
    {
        if (!Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No });
        console.Profile.Width = 80;
        return console;
    }
}
