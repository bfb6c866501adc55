using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Seckill.Shared.Settings;

/// <summary>Settings that a process cannot start without. Each error names the setting and how to give it.</summary>
public static class RequiredSettings
{
    private const int MinimumSecretLength = 32;

    /// <summary>Options of one section, checked at start; an error names the section and the member.</summary>
    public static void AddValidatedOptions<T>(this IServiceCollection services, string section)
        where T : class =>
        services.AddOptions<T>().BindConfiguration(section).ValidateDataAnnotations().ValidateOnStart();

    /// <summary>A connection string, for example <c>ConnectionStrings:Redis</c>.</summary>
    /// <exception cref="InvalidSettingException">It is missing.</exception>
    public static string RequiredConnectionString(this IConfiguration configuration, string name) =>
        configuration.GetConnectionString(name) is { Length: > 0 } value
            ? value
            : throw new InvalidSettingException($"ConnectionStrings:{name}", "is missing");

    /// <summary>
    /// A secret of at least 32 characters. In Development alone it may be missing, and is <paramref name="developmentValue"/> then;
    /// everywhere else that value is refused, because everybody knows it.
    /// </summary>
    /// <exception cref="InvalidSettingException">It is missing, too short, or the development value.</exception>
    public static string RequiredSecret(
        this IConfiguration configuration, IHostEnvironment environment, string path, string developmentValue)
    {
        var value = configuration[path];
        if (environment.IsDevelopment() && string.IsNullOrEmpty(value))
        {
            return developmentValue;
        }

        if (string.IsNullOrEmpty(value))
        {
            throw new InvalidSettingException(
                path, $"is missing; outside Development it has no default (environment: {environment.EnvironmentName})");
        }

        if (value.Length < MinimumSecretLength)
        {
            throw new InvalidSettingException(path, $"is too short: {value.Length} characters, at least {MinimumSecretLength} are needed");
        }

        return value != developmentValue || environment.IsDevelopment()
            ? value
            : throw new InvalidSettingException(
                path, $"is the development default, which everybody knows (environment: {environment.EnvironmentName})");
    }
}

/// <summary>A setting that a process cannot start with.</summary>
public sealed class InvalidSettingException(string path, string problem)
    : Exception($"The setting {path} {problem}. Set it in the configuration, "
        + $"or as the environment variable {path.Replace(":", "__", StringComparison.Ordinal)}.");
