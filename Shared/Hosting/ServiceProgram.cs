using Microsoft.Extensions.Options;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Hosting;

/// <summary>Runs a service process, from its arguments to its exit code.</summary>
public static class ServiceProgram
{
    /// <summary>Checks the settings and ends, before it listens or waits for a store: for what must not stop a process that runs.</summary>
    public const string CheckSettings = "--check-settings";

    /// <summary>Runs the service until it is stopped, or what the arguments ask for: the health probe, the migration, the check.</summary>
    /// <param name="add">Registers the features.</param>
    /// <param name="map">Builds the pipeline and maps the endpoints.</param>
    /// <param name="migrate">What <c>migrate</c> does, with the arguments behind it.</param>
    /// <returns>The exit code: 0, or 1 when a setting is invalid, or the probe or the migration failed.</returns>
    public static async Task<int> RunAsync(
        string[] args, Action<WebApplicationBuilder> add, Action<WebApplication> map, Func<string[], Task<int>> migrate)
    {
        if (await HealthProbe.RunAsync(args) is { } exitCode)
        {
            return exitCode;
        }

        try
        {
            if (args is ["migrate", ..])
            {
                return await migrate(args[1..]);
            }

            var builder = ServiceHost.CreateBuilder([.. args.Where(argument => argument != CheckSettings)]);
            var checksOnly = args.Contains(CheckSettings);
            if (checksOnly)
            {
                // Connections begin early, and this does not wait for them.
                builder.Logging.ClearProviders();
            }

            add(builder);
            var app = builder.Build();
            app.UseEntrance();
            map(app);
            if (checksOnly)
            {
                app.Services.GetRequiredService<IStartupValidator>().Validate();
                return 0;
            }

            await app.RunServiceAsync();
            return 0;
        }
        catch (Exception exception) when (exception is InvalidSettingException or OptionsValidationException)
        {
            await Console.Error.WriteLineAsync($"{AppDomain.CurrentDomain.FriendlyName} cannot start. {exception.Message}");
            return 1;
        }
    }
}
