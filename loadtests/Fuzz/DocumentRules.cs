using System.Text;
using System.Text.Json;
using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.Fuzz;

/// <summary>Holds an answer against the document of the operation that may have given it.</summary>
internal static class DocumentRules
{
    /// <summary>
    /// Why the answer is not documented; null when it is. Without an operation of its own, the request may have reached any of the
    /// service.
    /// </summary>
    public static string? WhyNot(RawRequest request, RawAnswer answer, string? code = null)
    {
        var operations = request.Operation is { } own ? [own] : request.Service.Operations;
        var reasons = operations.Select(operation => WhyNot(operation, request, answer, code)).ToArray();
        return reasons.Contains(null) ? null : reasons[0];
    }

    private static string? WhyNot(Operation operation, RawRequest request, RawAnswer answer, string? code)
    {
        if (!operation.Responses.TryGetValue(answer.Status, out var response))
        {
            return $"{operation} does not document {answer.Status}{(code is null ? "" : $" ({code})")}.";
        }

        if (code is not null && !response.Codes.Contains(code))
        {
            return $"{operation} does not document the code {code} of {answer.Status}.";
        }

        if (response.Headers.FirstOrDefault(name => answer.Header(name) is null) is { } missing)
        {
            return $"{operation} documents a header {missing} for {answer.Status}, which is missing.";
        }

        if (request.Method == "HEAD" || (response.Bodies.Count == 0 && answer.Body.Length == 0))
        {
            return null;
        }

        return !response.Bodies.TryGetValue(answer.MediaType ?? "", out var schema)
            ? $"{operation} does not document a body of type {answer.MediaType ?? "none"} for {answer.Status}."
            : answer.MediaType == "application/x-ndjson" ? WhyNoLines(answer.Body)
            : answer.IsEventStream ? Events(answer).Select(schema.WhyNot).FirstOrDefault(reason => reason is not null)
            : schema.WhyNot(answer.Body);
    }

    // A description says nothing of the lines: each is an object.
    private static string? WhyNoLines(byte[] body)
    {
        try
        {
            foreach (var line in Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                JsonDocument.Parse(line).Dispose();
            }

            return null;
        }
        catch (JsonException error)
        {
            return error.Message;
        }
    }

    // Whole events alone: the stream was left in the middle.
    private static IEnumerable<byte[]> Events(RawAnswer answer) =>
        from line in Encoding.UTF8.GetString(answer.Body).Split("\n\n")[..^1].SelectMany(one => one.Split('\n'))
        where line.StartsWith("data: ", StringComparison.Ordinal)
        select Encoding.UTF8.GetBytes(line[6..]);
}
