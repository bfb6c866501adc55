using System.Globalization;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Rooms;

/// <summary>One size of a waiting room.</summary>
/// <param name="Places">Buyers in it.</param>
/// <param name="Bytes">Of Redis, for each.</param>
/// <param name="RegisteredPerSecond">By one caller of the script, 512 in a call.</param>
/// <param name="RootSeconds">From the moment at which the participants are fixed to their root.</param>
/// <param name="SeedSeconds">To the seed, after which everybody has a position.</param>
/// <param name="Polls">A second, by round.</param>
/// <param name="Empty">Answers a second of an endpoint that knows nothing, by round.</param>
public sealed record RoomResult(
    int Places, double Bytes, double RegisteredPerSecond, double RootSeconds, double SeedSeconds, IReadOnlyList<double> Polls,
    IReadOnlyList<double> Empty);

/// <summary>A column for each size.</summary>
/// <param name="Origin">Where the figures are from.</param>
/// <param name="Load">What polls.</param>
/// <param name="RegistrationsPerSecond">Over HTTP at one API.</param>
/// <param name="Results">The sizes.</param>
/// <param name="Wrong">Broken promises.</param>
public sealed record RoomReport(
    BenchOrigin Origin, string Load, double RegistrationsPerSecond, IReadOnlyList<RoomResult> Results, IReadOnlyCollection<string> Wrong)
{
    private const double MinimumPolls = 0.85;
    private const double MaximumBytes = 150;
    private const double MaximumDraw = 1;

    private IReadOnlyList<Bar> Bars =>
    [
        .. Results.SelectMany(result => (Bar[])
        [
            Mark(result, "polls ÷ answers of an empty endpoint", "≥ 0.85", Spread.Ratio(result.Polls, result.Empty).Text("0.00"),
                Spread.Ratio(result.Polls, result.Empty).Median >= MinimumPolls),
            Mark(result, "bytes of Redis for a place", "≤ 150", Number(result.Bytes, "0"), result.Bytes <= MaximumBytes),
            Mark(result, "draw, s", "≤ 1", Number(result.SeedSeconds, "0.00"), result.SeedSeconds <= MaximumDraw),
        ]),
    ];

    /// <summary>Writes <c>waiting-room.md</c> and shows the bars.</summary>
    public Task WriteAsync(IAnsiConsole console, string directory)
    {
        var page = new BenchPage("A waiting room with very many buyers", Origin);
        page.Line($"");
        page.Line($"Polls come from {Load}, each with the next of the buyers' tokens; the room is drawn and nearly all wait. The empty");
        page.Line($"endpoint has the same host, token check, rate limits and length of answer (`EmptyStorefront.cs`).");
        page.Bars(Bars);
        page.Table(
            ["", .. Results.Select(result => string.Create(CultureInfo.InvariantCulture, $"{result.Places:N0} places"))],
            (string[][])
            [
                Row("polls a second", result => Spread.Of(result.Polls).Text("N0")),
                Row("empty answers a second", result => Spread.Of(result.Empty).Text("N0")),
                Row("bytes of Redis for a place", result => Number(result.Bytes, "0")),
                Row("registered a second by the script alone, 512 in a call", result => Number(result.RegisteredPerSecond, "N0")),
                Row("registered a second over HTTP, at one API", _ => Number(RegistrationsPerSecond, "N0")),
                Row("from the last registration to the root, s", result => Number(result.RootSeconds, "0.00")),
                Row("… to the seed, s", result => Number(result.SeedSeconds, "0.00")),
            ]);
        page.Line($"");
        page.Line($"Half a second of the draw is a rule, not work: the root is public for that time before the secret is.");
        page.Line($"Promises that Seckill broke: {(Wrong.Count == 0 ? "none" : string.Join(" ", Wrong))}.");
        return page.WriteAsync(console, directory, "waiting-room.md", [.. Bars]);
    }

    private string[] Row(string name, Func<RoomResult, string> value) => [name, .. Results.Select(value)];

    private static Bar Mark(RoomResult result, string name, string needed, string value, bool isMet) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{name}, at {result.Places:N0} places"), needed, value, isMet);

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
