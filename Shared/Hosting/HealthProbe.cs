namespace Seckill.Shared.Hosting;

/// <summary><c>--health-check URL</c>: asks a running service and starts none, for container images without a shell or curl.</summary>
public static class HealthProbe
{
    /// <summary>The exit code, 0 for a 2xx answer, 1 for anything else; null when the arguments do not ask for a probe.</summary>
    public static async Task<int?> RunAsync(string[] args)
    {
        if (args is not ["--health-check", var url])
        {
            return null;
        }

        // Docker gives every container the proxies of its user, which cannot reach an address inside the container.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            using var response = await client.GetAsync(new Uri(url));
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or UriFormatException)
        {
            return 1;
        }
    }
}
