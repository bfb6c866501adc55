using System.Globalization;
using System.Net;
using System.Text;

namespace Seckill.LoadTests.Reporting;

/// <summary>How a row of values is shown.</summary>
public enum Mark
{
    /// <summary>Columns, those of several rows on top of each other.</summary>
    Columns,

    /// <summary>A line through the values.</summary>
    Line,

    /// <summary>A line through values that were read when a place ended, not values of the whole place.</summary>
    Level,

    /// <summary>A dashed line, for what is not of the same kind as the rest.</summary>
    Dashes,
}

/// <summary>One row of values.</summary>
/// <param name="Name">In the legend.</param>
/// <param name="Colour">Name of a colour of the style sheet.</param>
/// <param name="Mark">How it is shown.</param>
/// <param name="Values">One for each place; null leaves a gap.</param>
public sealed record ChartRow(string Name, string Colour, Mark Mark, IReadOnlyList<double?> Values);

/// <summary>
/// A chart over time as SVG without any script. It is rendered twice, for wide and for narrow screens: scaled, the text of one of them
/// would be illegible.
/// </summary>
/// <param name="Title">What is seen.</param>
/// <param name="Unit">Of the values.</param>
/// <param name="Seconds">Where each place ends.</param>
/// <param name="Rows">The values.</param>
/// <param name="IsLogarithmic">Values of all magnitudes.</param>
public sealed record Chart(
    string Title, string Unit, IReadOnlyList<double> Seconds, IReadOnlyList<ChartRow> Rows, bool IsLogarithmic = false)
{
    private const int PhoneWidth = 332;
    private const int Height = 232;
    private const int Top = 10;
    private const int Bottom = 24;
    private const int Left = 52;
    private const int Right = 8;

    /// <summary>The figure with title and legend.</summary>
    /// <param name="width">At the desk, pixels.</param>
    public string Render(int width)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"<figure><h2>{Html(Title)} <span class=\"quiet small\">{Html(Unit)}</span></h2>");
        if (Rows.Count > 1)
        {
            text.Append("<div class=\"legend\">");
            foreach (var row in Rows)
            {
                var style = row.Mark == Mark.Dashes
                    ? $"class=\"dash\" style=\"border-color:var(--{row.Colour})\"" : $"style=\"background:var(--{row.Colour})\"";
                text.Append(CultureInfo.InvariantCulture, $"<span><i {style}></i>{Html(row.Name)}</span>");
            }

            text.Append("</div>");
        }

        Draw(text, width, "desk");
        Draw(text, PhoneWidth, "phone");
        return text.Append("</figure>\n").ToString();
    }

    private static string Html(string text) => WebUtility.HtmlEncode(text);

    private void Draw(StringBuilder svg, int width, string kind)
    {
        var scale = IsLogarithmic ? ChartScale.Logarithmic(Values()) : ChartScale.Linear(Tops().DefaultIfEmpty(0).Max());
        var end = Math.Max(1, Seconds.Count == 0 ? 1 : Seconds[^1]);
        double X(double second) => Left + (second / end * (width - Left - Right));
        double Y(double value) => Top + ((1 - scale.Place(value)) * (Height - Top - Bottom));
        void Add(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
        Add($"<svg class=\"{kind}\" viewBox=\"0 0 {width} {Height}\" role=\"img\" aria-label=\"{Html(Title)}\">");
        foreach (var (value, label) in scale.Ticks)
        {
            Add($"<line class=\"grid\" x1=\"{Left}\" x2=\"{width - Right}\" y1=\"{Y(value):0.#}\" y2=\"{Y(value):0.#}\"/>");
            Add($"<text x=\"{Left - 8}\" y=\"{Y(value) + 4:0.#}\" text-anchor=\"end\">{label}</text>");
        }

        foreach (var second in ChartScale.TimeTicks(end, width / 80))
        {
            var anchor = second == 0 ? "start" : X(second) > width - 30 ? "end" : "middle";
            Add($"<text x=\"{X(second):0.#}\" y=\"{Height - 6}\" text-anchor=\"{anchor}\">{ChartScale.Time(second)}</text>");
        }

        DrawColumns(Add, X, Y);
        foreach (var row in Rows.Where(row => row.Mark != Mark.Columns))
        {
            DrawLine(Add, row, X, Y);
        }

        Add($"<line class=\"axis\" x1=\"{Left}\" x2=\"{width - Right}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom}\"/>");
        for (var place = 0; place < Seconds.Count; place++)
        {
            var (from, to) = (X(Start(place)), X(Seconds[place]));
            Add($"<rect class=\"hit\" x=\"{from:0.#}\" y=\"{Top}\" ");
            Add($"width=\"{Math.Max(0.1, to - from):0.##}\" height=\"{Height - Top - Bottom}\">");
            Add($"<title>{Html(Tip(place))}</title></rect>");
        }

        Add($"</svg>");
    }

    private void DrawColumns(Action<FormattableString> add, Func<double, double> x, Func<double, double> y)
    {
        var below = new double[Seconds.Count];
        foreach (var row in Rows.Where(row => row.Mark == Mark.Columns))
        {
            for (var place = 0; place < Seconds.Count; place++)
            {
                if (row.Values[place] is not > 0)
                {
                    continue;
                }

                var (from, to) = (x(Start(place)), x(Seconds[place]));
                var (bottom, top) = (y(below[place]), y(below[place] += row.Values[place]!.Value));
                var gap = to - from > 5 ? 1 : 0;
                add($"<rect fill=\"var(--{row.Colour})\" x=\"{from + (gap / 2.0):0.##}\" y=\"{top:0.##}\" ");
                add($"width=\"{to - from - gap:0.##}\" height=\"{Math.Max(0, bottom - top):0.##}\"/>");
            }
        }
    }

    private void DrawLine(Action<FormattableString> add, ChartRow row, Func<double, double> x, Func<double, double> y)
    {
        var (path, isGap) = (new StringBuilder(), true);
        for (var place = 0; place < Seconds.Count; place++)
        {
            if (row.Values[place] is not { } value || (IsLogarithmic && value <= 0))
            {
                isGap = true;
                continue;
            }

            var second = row.Mark == Mark.Level ? Seconds[place] : (Start(place) + Seconds[place]) / 2;
            path.Append(CultureInfo.InvariantCulture, $"{(isGap ? 'M' : 'L')}{x(second):0.#} {y(value):0.#}");
            isGap = false;
        }

        add($"<path class=\"curve{(row.Mark == Mark.Dashes ? " dashed" : "")}\" stroke=\"var(--{row.Colour})\" d=\"{path}\"/>");
    }

    private double Start(int place) => place == 0 ? 0 : Seconds[place - 1];

    private IEnumerable<double> Values() => Rows.SelectMany(row => row.Values).OfType<double>();

    // Columns stand on each other, lines do not.
    private IEnumerable<double> Tops() => Rows.Where(row => row.Mark != Mark.Columns).SelectMany(row => row.Values).OfType<double>()
        .Concat(Enumerable.Range(0, Seconds.Count).Select(place =>
            Rows.Where(row => row.Mark == Mark.Columns).Sum(row => row.Values[place] ?? 0)));

    private string Tip(int place) => string.Join('\n', Rows.Select(row => string.Create(
            CultureInfo.InvariantCulture, $"{row.Name}: {(row.Values[place] is { } value ? ChartScale.Number(value) : "?")}"))
        .Prepend($"{ChartScale.Time(Start(place))} to {ChartScale.Time(Seconds[place])}, {Unit}"));
}
