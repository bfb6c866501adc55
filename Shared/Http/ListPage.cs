using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Primitives;

namespace Seckill.Shared.Http;

/// <summary>
/// A page of a list of the ops interface. A list stays a plain array, so the header <c>Link</c> says where the next page is (RFC 8288):
/// docs/decisions/0044-lists-in-pages.md.
/// </summary>
public static class ListPage
{
    /// <summary>Most entries of a page, and their number when a request has no <c>limit</c>.</summary>
    public const int MaximumLimit = 1_000;

    /// <summary>How the parameters are described, followed by what <c>after</c> is.</summary>
    public const string Description =
        "limit is 1 to 1,000, by default 1,000. While there is more, the header Link has the address of the next page (rel=\"next\"). "
        + "after is ";

    private const string After = "after";

    /// <summary>Answers with a page, or refuses the limit.</summary>
    /// <param name="http">The request.</param>
    /// <param name="limit">As requested; null for the maximum.</param>
    /// <param name="readAsync">Reads at most so many entries behind <c>after</c>.</param>
    /// <param name="keyOf">The <c>after</c> of the page behind an entry.</param>
    /// <param name="json">How the entries are written; null for the way of the service.</param>
    public static async Task<IResult> AnswerAsync<T>(
        HttpContext http, int? limit, Func<int, Task<IReadOnlyList<T>>> readAsync, Func<T, object> keyOf,
        JsonTypeInfo<IReadOnlyList<T>>? json = null)
    {
        var size = limit ?? MaximumLimit;
        if (size is < 1 or > MaximumLimit)
        {
            return Problem.Invalid("limit", string.Create(CultureInfo.InvariantCulture, $"this must be 1 to {MaximumLimit}"));
        }

        // One more than requested shows whether there is a next page.
        var page = await readAsync(size + 1);
        if (page.Count > size)
        {
            page = [.. page.Take(size)];
            var key = Convert.ToString(keyOf(page[size - 1]), CultureInfo.InvariantCulture);
            var next = QueryString.Create(http.Request.Query
                .Where(one => !one.Key.Equals(After, StringComparison.OrdinalIgnoreCase))
                .Append(new KeyValuePair<string, StringValues>(After, key)));
            http.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }

        return json is null ? Results.Json(page) : Results.Json(page, json);
    }
}
