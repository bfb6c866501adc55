using System.Text.Json;
using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz;

/// <summary>What every answer must be like, whatever was asked.</summary>
internal static class AnswerRules
{
    private const string ProblemType = "application/problem+json";

    // The web server's own answers to what is no HTTP, or is larger than it takes.
    private static readonly int[] s_bare = [400, 405, 408, 411, 413, 414, 417, 421, 426, 431, 501, 505];

    // What any path may get that leads to no operation.
    private static readonly Dictionary<int, string> s_nowhere = new() { [404] = "not-found", [405] = "method-not-allowed" };

    // Documented in README and OPERATIONS.md instead: health, metrics, the description itself, the dashboard's files.
    private static readonly string[] s_undescribed = ["health", "metrics", "openapi", "dashboard", "scalar", ""];

    /// <summary>Broken rules: the rule, and what is wrong.</summary>
    public static IEnumerable<(string Rule, string Detail, RawAnswer? Answer)> Check(RawRequest request, Exchange exchange)
    {
        if (exchange.Ending == Ending.NoConnection)
        {
            return [("no-connection", "The service takes no connection.", null)];
        }

        if (exchange.Ending == Ending.Hung)
        {
            var last = exchange.Answers.Count > 0 ? exchange.Answers[^1] : null;
            return [("hangs", "The connection stays open for longer than anything may take.", last)];
        }

        return exchange.Answers.Count == 0
            ? request.IsHttp ? [("no-answer", "The connection ended without an answer.", null)] : []
            : exchange.Answers.SelectMany(answer => Check(request, answer).Select(found => (found.Rule, found.Detail, (RawAnswer?)answer)));
    }

    /// <summary>Broken rules of one answer.</summary>
    public static IEnumerable<(string Rule, string Detail)> Check(RawRequest request, RawAnswer answer)
    {
        if (answer.Status == 0 || !answer.IsComplete)
        {
            // What is no HTTP may get no HTTP, such as frames of HTTP/2.
            return request.IsHttp ? [("broken-answer", "The answer is no HTTP, or ends too early.")] : [];
        }

        if (answer is { Status: >= 500 and not 503 and not 505 and not 501 })
        {
            return [("server-error", $"{request.Method} {request.Target} got {answer.Status}.")];
        }

        if (answer.Status < 400)
        {
            return CheckSuccess(request, answer);
        }

        var isBare = answer.Body.Length == 0 && answer.MediaType is null && s_bare.Contains(answer.Status);
        return isBare && !request.IsHttp ? [] : CheckRefusal(request, answer);
    }

    private static IEnumerable<(string Rule, string Detail)> CheckSuccess(RawRequest request, RawAnswer answer)
    {
        if (request.MustBeRefused)
        {
            yield return ("accepted", "The request is not as documented, and was not refused.");
        }

        var undescribed = request.Operation is null
            && s_undescribed.Contains(FirstSegment(request.Target), StringComparer.OrdinalIgnoreCase);
        if (!undescribed && DocumentRules.WhyNot(request, answer) is { } reason)
        {
            yield return ("undocumented-answer", reason);
        }
    }

    private static IEnumerable<(string Rule, string Detail)> CheckRefusal(RawRequest request, RawAnswer answer)
    {
        if (Header(answer) is { } missing)
        {
            yield return ("missing-header", missing);
        }

        if (request.Method == "HEAD")
        {
            yield break;
        }

        var problem = StrictJson.Parse(answer.Body);
        if (answer.Header("Content-Type") != ProblemType || problem is not { ValueKind: JsonValueKind.Object } body)
        {
            yield return ("no-problem", $"A refusal must be {ProblemType}.");
            yield break;
        }

        var code = Text(body, "code");
        if (Text(body, "type") != "urn:seckill:problem:" + code || Text(body, "title").Length == 0
            || !body.TryGetProperty("status", out var status) || status.GetRawText() != $"{answer.Status}")
        {
            yield return ("odd-problem", "type, title, status and code must be those of this refusal.");
        }

        var isNowhere = request.Operation is null && s_nowhere.TryGetValue(answer.Status, out var known) && known == code;
        if (!isNowhere && DocumentRules.WhyNot(request, answer, code) is { } reason)
        {
            yield return ("undocumented-refusal", reason);
        }
    }

    private static string? Header(RawAnswer answer) => answer.Status switch
    {
        401 when answer.Header("WWW-Authenticate") is null => "401 needs WWW-Authenticate.",
        405 when answer.Header("Allow") is null => "405 needs Allow.",
        429 or 503 when !int.TryParse(answer.Header("Retry-After"), out var seconds) || seconds < 1 =>
            $"{answer.Status} needs Retry-After, in seconds.",
        _ => null,
    };

    // Of the path as the server reads it: /refunds/.. is the page of the dashboard, /.
    private static string FirstSegment(string target) =>
        target.StartsWith('/') && Uri.TryCreate("http://server" + Uri.UnescapeDataString(target), UriKind.Absolute, out var address)
            ? address.AbsolutePath.Split('/')[1] : Uri.UnescapeDataString(target).TrimStart('/', '.').Split('/', '?')[0];

    private static string Text(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
