using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz;

/// <summary>Something that must not be.</summary>
/// <param name="Rule">The rule that it breaks, in a few words with hyphens.</param>
/// <param name="Detail">What was expected and what came.</param>
/// <param name="Case">Number of the case; 0 for the end of the run.</param>
/// <param name="Request">The request, if it is about one.</param>
/// <param name="Answer">The answer to it, if there was one.</param>
internal sealed record Finding(string Rule, string Detail, int Case, RawRequest? Request = null, RawAnswer? Answer = null)
{
    /// <summary>Findings with the same kind have the same cause.</summary>
    public string Kind => $"{Rule} {Request?.Operation?.ToString() ?? Request?.Method} {Answer?.Status}";

    public string Text(int seed)
    {
        var text = $"FOUND {Rule}: {Detail}";
        if (Case > 0)
        {
            text += $"\nseed {seed}, case {Case}; again: ./seckill fuzz --seed {seed} --only {Case}";
        }

        if (Request is not null)
        {
            text += $"\n--- request to {Request.Service.Address}\n{Request}\n--- answer\n{Answer?.ToString() ?? "none"}\n---";
        }

        return text;
    }
}
