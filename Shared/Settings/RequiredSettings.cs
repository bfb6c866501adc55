namespace Seckill.Shared.Settings;

/// <summary>Settings that are required at start. Each error names the setting and how to set it.</summary>
public static class RequiredSettings
{
    private const int MinimumSecretLength = 32;

    // Each costs a forged token one hash.
    private const int MostOtherSecrets = 8;

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
        return environment.IsDevelopment() && string.IsNullOrEmpty(value)
            ? developmentValue : Checked(value, environment, path, developmentValue);
    }

    /// <summary>
    /// Further secrets of a list, each held to the rules of <see cref="RequiredSecret"/>, and what else its entry has: for a rotation.
    /// </summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="environment">Where the process runs.</param>
    /// <param name="path">Of the list.</param>
    /// <param name="member">Of an entry, when it has several; null when the entry is the secret.</param>
    /// <param name="developmentValue">Not accepted outside Development.</param>
    /// <exception cref="InvalidSettingException">One of them is too short or the development value, or there are too many.</exception>
    public static IReadOnlyList<(string Secret, IConfigurationSection Entry)> OtherSecrets(
        this IConfiguration configuration, IHostEnvironment environment, string path, string? member, string developmentValue)
    {
        var entries = configuration.GetSection(path).GetChildren().ToList();
        return entries.Count <= MostOtherSecrets
            ? entries.ConvertAll(entry => (
                Checked(
                    member is null ? entry.Value : entry[member], environment, member is null ? entry.Path : $"{entry.Path}:{member}",
                    developmentValue),
                entry))
            : throw new InvalidSettingException(path, $"has {entries.Count} entries, and must have at most {MostOtherSecrets}");
    }

    private static string Checked(string? value, IHostEnvironment environment, string path, string developmentValue)
    {
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
