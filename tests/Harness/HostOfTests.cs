using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Seckill.Tests.Harness;

/// <summary>What all services have in common that run in the process of a test.</summary>
internal static class HostOfTests
{
    /// <summary>A service with the settings of all tests, on a free port.</summary>
    /// <param name="builder">Of the service, whose factory uses Kestrel.</param>
    /// <param name="settings">Of this test, over those of all.</param>
    public static void AsTest(this IWebHostBuilder builder, IEnumerable<(string Name, string Value)> settings)
    {
        builder.UseEnvironment("Development");
        // Not a port for the factory's UseKestrel: that sets it after the build, when the service may have begun to listen.
        builder.UseUrls("http://127.0.0.1:0");
        builder.ConfigureLogging(logging => logging.ClearProviders());
        DocumentedAnswers.AddTo(builder);
        builder.UseSetting("WarmUp:LongestMilliseconds", "0");
        foreach (var (name, value) in Unhurried.Settings.Concat(settings))
        {
            builder.UseSetting(name, value);
        }
    }
}
