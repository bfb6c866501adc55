using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// Promise: what is built is what the lock files say, and a package with a known vulnerability fails the build. Real NuGet restores a
/// scratch project under our own props; the list of vulnerabilities is served here, for not every feed has one.
/// </summary>
public sealed class PackageTests : IDisposable
{
    private const string Direct = "npgsql";
    private const string Transitive = "microsoft.extensions.logging.abstractions";
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("seckill-audit-");

    public void Dispose() => _scratch.Delete(recursive: true);

    [Theory]
    [InlineData(Direct, 0, "NU1901")]
    [InlineData(Direct, 3, "NU1904")]
    [InlineData(Transitive, 1, "NU1902")]
    [InlineData(Transitive, 2, "NU1903")]
    public async Task A_package_with_a_known_vulnerability_fails_the_restore(string package, int severity, string code)
    {
        await using var source = await ServeAsync(package, severity);
        var (exitCode, output) = await RestoreAsync(source.Urls.Single());

        Assert.Contains($"error {code}", output, StringComparison.Ordinal);
        Assert.NotEqual(0, exitCode);
    }

    [Fact]
    public async Task A_vulnerability_of_a_package_that_is_not_here_fails_nothing()
    {
        await using var source = await ServeAsync("some.other.package", 3);
        var (exitCode, output) = await RestoreAsync(source.Urls.Single());

        Assert.DoesNotContain("NU190", output, StringComparison.Ordinal);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task A_list_that_cannot_be_had_is_said_and_stops_nothing()
    {
        var (exitCode, output) = await RestoreAsync("http://127.0.0.1:1");

        Assert.Contains("warning NU1900", output, StringComparison.Ordinal);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public void Every_project_has_a_lock_file_that_names_no_server()
    {
        // NBomber is in no feed of ours that could write one.
        var projects = SourceTree.WithExtension(".csproj").Where(file => !file.EndsWith("/LoadTests.NBomber.csproj")).ToArray();
        Assert.NotEmpty(projects);
        foreach (var project in projects)
        {
            var text = File.ReadAllText(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json"));
            Assert.DoesNotContain("://", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("eng/lib/services.sh", "dotnet build Seckill.sln", "-p:RestoreLockedMode=true")]
    [InlineData("eng/bench.sh", "dotnet publish", "-p:RestoreLockedMode=true")]
    [InlineData("OrderService/Dockerfile", "dotnet restore", "--locked-mode")]
    [InlineData("InventoryService/Dockerfile", "dotnet restore", "--locked-mode")]
    public void What_we_build_for_others_is_restored_by_the_lock_files_alone(string file, string command, string option)
    {
        var lines = File.ReadLines(Path.Combine(SourceTree.Root, file));
        var line = Assert.Single(lines, one => one.Contains(command, StringComparison.Ordinal));
        Assert.Contains(option, line, StringComparison.Ordinal);
    }

    // NuGet's protocol, as far as an audit needs it: docs of "VulnerabilityInfo".
    private static async Task<WebApplication> ServeAsync(string package, int severity)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        string Url(HttpContext http, string path) => $"http://{http.Request.Host}/{path}";
        app.MapGet("/", http => http.Response.WriteAsync(
            $$"""{"version":"3.0.0","resources":[{"@id":"{{Url(http, "pages")}}","@type":"VulnerabilityInfo/6.7.0"}]}"""));
        app.MapGet("/pages", http => http.Response.WriteAsync(
            $$"""[{"@name":"base","@id":"{{Url(http, "base")}}","@updated":"2020-01-01T00:00:00Z"}]"""));
        app.MapGet("/base", http => http.Response.WriteAsync(
            $$"""{"{{package}}":[{"url":"https://example.org/planted","severity":{{severity}},"versions":"(, )"}]}"""));
        await app.StartAsync();
        return app;
    }

    private async Task<(int ExitCode, string Output)> RestoreAsync(string auditSource)
    {
        Write("Directory.Build.props", $"""<Project><Import Project="{SourceTree.Root}/Directory.Build.props" /></Project>""");
        Write("Directory.Packages.props", $"""<Project><Import Project="{SourceTree.Root}/Directory.Packages.props" /></Project>""");
        Write("Scratch.csproj", """
            <Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="Npgsql" /></ItemGroup></Project>
            """);
        Write("nuget.config", $"""
            <configuration><auditSources><clear /><add key="planted" value="{auditSource.TrimEnd('/')}/" protocolVersion="3"
                allowInsecureConnections="true" /></auditSources></configuration>
            """);
        var start = new ProcessStartInfo("dotnet", ["restore", "Scratch.csproj", "--disable-build-servers", "--force"])
        {
            WorkingDirectory = _scratch.FullName, RedirectStandardOutput = true,
        };
        // Else an earlier list, from the same port, would be believed.
        start.Environment["NUGET_HTTP_CACHE_PATH"] = Path.Combine(_scratch.FullName, "cache");
        using var restore = Process.Start(start)!;
        var output = await restore.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await restore.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (restore.ExitCode, output);
    }

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_scratch.FullName, file), text);
}
