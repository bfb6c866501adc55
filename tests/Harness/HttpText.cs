namespace Seckill.Tests.Harness;

internal static class HttpText
{
    /// <summary>The body, whatever the status.</summary>
    public static async Task<string> GetStringOfAsync(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative)).InTime();
        return await response.Content.ReadAsStringAsync();
    }
}
