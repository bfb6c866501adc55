using System.Xml.Linq;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.NBomber;

namespace Seckill.LoadTests.Tests.NBomber;

/// <summary>
/// Promise: the NBomber sender is a program of its own. Building it changes no other project's output, and its packages get on with each
/// other. Broken by a property that turns one project into another, which shared bin and obj, and by an NBomber before 6.6.0, which prints
/// no report with the Spectre.Console that we pin.
/// </summary>
public sealed class NBomberProjectTests
{
    [Fact]
    public void The_pinned_NBomber_prints_its_report_with_the_pinned_console()
    {
        var pins = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(pin => pin.Attribute("Include")!.Value, pin => pin.Attribute("Version")!.Value);
        Assert.True(Version.Parse(pins["NBomber"]) >= new Version(6, 6, 0), pins["NBomber"]);
        Assert.True(Version.Parse(pins["Spectre.Console"]) >= new Version(0, 55), pins["Spectre.Console"]);
    }

    [Fact]
    public void It_is_a_project_of_its_own_and_no_property_of_another()
    {
        const string Own = "loadtests/NBomber/LoadTests.NBomber.csproj";
        Assert.DoesNotContain("LoadTests.NBomber", Repository.Read("Seckill.sln"), StringComparison.Ordinal);
        Assert.Contains(";NBomber/**", Repository.Read("loadtests/LoadTests.csproj"), StringComparison.Ordinal);
        Assert.DoesNotContain("OutputPath", Repository.Read(Own), StringComparison.Ordinal);
        var builds = ((string[])["Shared", "OrderService", "InventoryService", "loadtests", "tests"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Repository.Root, "*.props"))
            .Select(file => (Name: Path.GetRelativePath(Repository.Root, file), Xml: XDocument.Load(file)))
            .Where(build => build.Name != Own).ToArray();
        Assert.InRange(builds.Length, 15, 40);
        Assert.DoesNotContain(builds, build => build.Xml.ToString().Contains("$(NBomber)", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(
            builds, build => build.Xml.Descendants("PackageReference").Any(package => package.Attribute("Include")?.Value == "NBomber"));
        // In two pieces, so that this file does not find itself.
        Assert.DoesNotContain(
            Directory.EnumerateFiles(Path.Combine(Repository.Root, "loadtests"), "*.cs", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains("#if " + "NBOMBER", StringComparison.Ordinal));
        Assert.DoesNotContain(
            typeof(Scenarios).Assembly.GetReferencedAssemblies(), name => name.Name!.StartsWith("NBomber", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("steady", null)]
    [InlineData("steady --config https://example.org/load.json", null)]
    [InlineData("steady --config no.json", "--config must be a file or an http(s) URL; 'no.json' is neither.")]
    [InlineData("steady --rate abc", "--rate must be a number from 0.1 to 1000000, not 'abc'.")]
    public void Its_command_line_is_that_of_load_with_a_configuration(string arguments, string? problem)
    {
        var errors = NBomberCommand.Create().Parse(arguments).Errors;
        Assert.Equal(problem, errors.Count == 0 ? null : errors[0].Message);
    }

    [Fact]
    public void The_pages_name_the_commands_and_the_files_that_there_are()
    {
        Assert.Contains("--project loadtests/NBomber", Repository.Read("README.md"), StringComparison.Ordinal);
        var page = Repository.Read("loadtests/README.md");
        foreach (var file in (string[])["loadtests/Bench/orders.lua", "loadtests/k6/orders.js", "loadtests/NBomber"])
        {
            Assert.Contains(file, page, StringComparison.Ordinal);
            Assert.True(Path.Exists(Path.Combine(Repository.Root, file)), file);
        }

        // What the k6 script takes for a good answer is what the storefront says.
        var script = Repository.Read("loadtests/k6/orders.js");
        Assert.All([RefusalCode.SoldOut, "202", "409"], word => Assert.Contains(word, script, StringComparison.Ordinal));
    }
}
