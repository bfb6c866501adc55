using Seckill.Shared.Settings;

namespace Seckill.Shared.Hosting;

/// <summary>Runs a service process, from its arguments to its exit code.</summary>
public static class ServiceProgram
{
    /// <summary>Runs the service until it is stopped, or the health probe or the migration that the arguments ask for.</summary>
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

            var builder = ServiceHost.CreateBuilder(args);
            add(builder);
            var app = builder.Build();
            app.UseEntrance();
            map(app);
            await app.RunServiceAsync();
            return 0;
        }
        catch (InvalidSettingException exception)
        {
            await Console.Error.WriteLineAsync($"{AppDomain.CurrentDomain.FriendlyName} cannot start. {exception.Message}");
            return 1;
        }
    }
}
