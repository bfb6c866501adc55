using System.Diagnostics;
using System.Reflection;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// There is one version, and ./seckill release makes a tag only of what can be released. Each test runs the verb in a repository of its
/// own. Broken by a second place for the version, or by a check that lets its case through.
/// </summary>
public sealed class ReleaseTests : IDisposable
{
    private const string Version = "3.2.1";
    private const string Entry = $"## [{Version}] - 2026-01-02\n\n### Added\n\n- A thing.\n\n## [3.2.0] - 2026-01-01\n\n- Another.\n";
    private readonly DirectoryInfo _repository = Directory.CreateTempSubdirectory("seckill-release-");

    public ReleaseTests()
    {
        Run("cp", "-r", Path.Combine(SourceTree.Root, "seckill"), Path.Combine(SourceTree.Root, "eng"), ".");
        Write("Directory.Build.props", $"<Project><PropertyGroup><Version>{Version}</Version></PropertyGroup></Project>\n");
        Write("CHANGELOG.md", "# Changelog\n\n" + Entry);
        Run("git", "init", "--quiet");
        Run("git", "config", "user.name", "Test");
        Run("git", "config", "user.email", "test@example.com");
        Commit();
    }

    public void Dispose() => _repository.Delete(recursive: true);

    [Fact]
    public void A_clean_tree_with_its_entry_becomes_a_tag_with_the_entry()
    {
        var (code, output) = Run("./seckill", "release");
        Assert.True(code == 0, output);
        Assert.Contains($"git push origin v{Version}", output, StringComparison.Ordinal);
        Assert.Contains($"--build-arg VERSION={Version} --build-arg REVISION=", output, StringComparison.Ordinal);
        var tag = Run("git", "cat-file", "-p", $"v{Version}").Output;
        Assert.Contains("### Added\n\n- A thing.", tag, StringComparison.Ordinal);
        Assert.DoesNotContain("Another", tag, StringComparison.Ordinal);
        Assert.Contains($"v{Version} exists", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_makes_no_tag()
    {
        Assert.Equal(0, Run("./seckill", "release", "--check").Code);
        Assert.Equal("", Run("git", "tag").Output);
    }

    [Fact]
    public void A_tree_with_changes_is_refused()
    {
        Write("new", "");
        Assert.Contains("not committed", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-01-02", "unreleased", "must begin with")]
    [InlineData("[3.2.1]", "[3.2.2]", "must begin with")]
    [InlineData("2026-01-02", "9999-01-01", "in the future")]
    [InlineData("### Added\n\n- A thing.\n", "", "is empty")]
    public void An_entry_that_is_missing_undated_early_or_empty_is_refused(string part, string instead, string reason)
    {
        Write("CHANGELOG.md", "# Changelog\n\n" + Entry.Replace(part, instead, StringComparison.Ordinal));
        Commit();
        Assert.Contains(reason, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_version_below_the_last_tag_is_refused()
    {
        Run("git", "tag", "v3.10.0");
        Assert.Contains("is not above 3.10.0", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_and_the_programs_say_the_version_of_the_one_place()
    {
        Assert.StartsWith($"seckill {Version} (commit ", Run("./seckill", "--version").Output, StringComparison.Ordinal);
        var props = File.ReadAllText(Path.Combine(SourceTree.Root, "Directory.Build.props"));
        Assert.Contains($"<Version>{BuildInfo.Version}</Version>", props, StringComparison.Ordinal);
        Assert.Equal(BuildInfo.Version, Assembly.Load("Seckill.OrderService").GetName().Version!.ToString(3));
        Assert.Empty(
            from file in SourceTree.WithExtension(".csproj")
            where File.ReadAllText(file).Contains("Version>", StringComparison.Ordinal)
            select SourceTree.Short(file));
        var changes = File.ReadAllText(Path.Combine(SourceTree.Root, "CHANGELOG.md"));
        Assert.Contains($"## [{BuildInfo.Version}]", changes, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OrderService")]
    [InlineData("InventoryService")]
    public void An_image_has_its_version_its_commit_and_the_licence(string service)
    {
        var image = File.ReadAllText(Path.Combine(SourceTree.Root, service, "Dockerfile"));
        string[] parts =
        [
            "ARG VERSION", "org.opencontainers.image.version=\"$VERSION\"", "org.opencontainers.image.revision=\"$REVISION\"",
            "org.opencontainers.image.licenses=\"Apache-2.0\"", "-p:SourceRevisionId=$REVISION", "COPY LICENSE .",
        ];
        Assert.All(parts, part => Assert.Contains(part, image, StringComparison.Ordinal));
        Assert.Contains("!LICENSE", File.ReadAllLines(Path.Combine(SourceTree.Root, ".dockerignore")));
    }

    private string Refusal()
    {
        var (code, output) = Run("./seckill", "release");
        Assert.Equal(1, code);
        return output;
    }

    private void Commit()
    {
        Run("git", "add", "--all");
        Run("git", "commit", "--quiet", "--message", "x");
    }

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_repository.FullName, file), text);

    private (int Code, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", ["-c", "exec \"$@\" 2>&1", "bash", program, .. arguments])
        {
            WorkingDirectory = _repository.FullName, RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
