using System.Text.RegularExpressions;

namespace Seckill.Shared.Tests.House;

/// <summary>docs/CONFIGURATION.md is what the code reads. <c>./seckill docs</c> writes it, through the first of these tests.</summary>
public sealed partial class ConfigurationReferenceTests
{
    private static readonly string s_file = Path.Combine(SourceTree.Root, "docs", "CONFIGURATION.md");

    [Fact]
    public void The_reference_is_what_the_options_classes_say()
    {
        var expected = ConfigurationReference.Write();
        if (Environment.GetEnvironmentVariable("SECKILL_WRITE_DOCS") == "1")
        {
            File.WriteAllText(s_file, expected);
        }

        Assert.True(expected == File.ReadAllText(s_file), "docs/CONFIGURATION.md is stale: run ./seckill docs.");
    }

    [Fact]
    public void Every_options_class_that_is_registered_is_in_it()
    {
        var registered = Matches(Registration()).ToHashSet();
        Assert.True(registered.Count > 10);
        Assert.Equal(registered.Order(), ConfigurationReference.Settings.Select(setting => setting.Section).Distinct().Order());
    }

    [Fact]
    public void Every_setting_has_an_explanation_and_every_number_a_range()
    {
        Assert.True(ConfigurationReference.Settings.Count > 40);
        Assert.All(ConfigurationReference.Settings, setting => Assert.True(
            setting.Meaning.Length > 10 && (setting.Range.Length > 0 || !setting.Type.Contains("number", StringComparison.Ordinal)),
            $"{setting.Path} has no range or no explanation."));
        Assert.Contains(ConfigurationReference.Settings, setting => setting is { Path: "Reservations:MaxBatch", Range: "1 to 1,024" });
    }

    [Fact]
    public void Every_setting_that_is_read_alone_is_in_it()
    {
        var read = Matches(Read())
            .Select(path => path.Contains(':', StringComparison.Ordinal) || path == "role" ? path : "ConnectionStrings:" + path);
        var listed = ConfigurationReference.Single.Select(setting => setting.Path).ToHashSet();
        Assert.Empty(read.Where(path => !listed.Contains(path)).Distinct());
    }

    private static IEnumerable<string> Matches(Regex pattern) =>
        from file in SourceTree.WithExtension(".cs")
        where !SourceTree.Short(file).StartsWith("tests/", StringComparison.Ordinal)
            && !SourceTree.Short(file).StartsWith("loadtests/", StringComparison.Ordinal)
        from match in pattern.Matches(File.ReadAllText(file))
        select match.Groups[1].Value;

    [GeneratedRegex("AddValidatedOptions<\\w+>\\(\"(\\w+)\"\\)")]
    private static partial Regex Registration();

    [GeneratedRegex(
        "(?:RequiredSecret\\([\\w.]+, |RequiredConnectionString\\(|GetConnectionString\\(|[cC]onfiguration\\[|GetValue<\\w+>\\()"
        + "\"([\\w:]+)\"")]
    private static partial Regex Read();
}
