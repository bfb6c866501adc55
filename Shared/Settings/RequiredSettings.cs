namespace Seckill.Shared.Settings;

/// <summary>Settings that are required at start. Each error names the setting and how to set it.</summary>
public static class RequiredSettings
{
    private const int MinimumSecretLength = 32;

    /// <summary>Options of one section, validated at start; an error names the section and the member.</summary>
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
    /// A secret of at least 32 characters. In Development it may be missing and is <paramref name="developmentValue"/>; in any other
    /// environment that value is refused, because it is public.
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

        var problem =
            string.IsNullOrEmpty(value) ? $"is missing and has no default outside Development (environment: {environment.EnvironmentName})"
            : value.Length < MinimumSecretLength
                ? $"is too short: {value.Length} characters; at least {MinimumSecretLength} are required"
            : value == developmentValue && !environment.IsDevelopment()
                ? $"is the development default, which is public (environment: {environment.EnvironmentName})"
            : null;
        return problem is null ? value! : throw new InvalidSettingException(path, problem);
    }
}

/// <summary>A setting with which a process cannot start.</summary>
public sealed class InvalidSettingException(string path, string problem)
    : Exception($"The setting {path} {problem}. Set it in the configuration, "
        + $"or as the environment variable {path.Replace(":", "__", StringComparison.Ordinal)}.");
