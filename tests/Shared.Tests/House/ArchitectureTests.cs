using System.Xml.Linq;

namespace Seckill.Shared.Tests.House;

/// <summary>Arrows point down: services know Shared, Shared knows nobody, and no service knows another.</summary>
public sealed class ArchitectureTests
{
    private static readonly string[] s_services = ["OrderService", "InventoryService"];

    [Fact]
    public void A_service_refers_to_Shared_alone() =>
        Assert.All(s_services, service => Assert.Equal(["Shared"], References($"{service}/{service}.csproj")));

    [Fact]
    public void Shared_refers_to_no_project() => Assert.Empty(References("Shared/Shared.csproj"));

    [Fact]
    public void Nothing_that_ships_refers_to_tests_or_load_tests() =>
        Assert.All(
            SourceTree.WithExtension(".csproj").Select(SourceTree.Short)
                .Where(project => !project.StartsWith("tests/", StringComparison.Ordinal)),
            project => Assert.DoesNotContain(
                References(project),
                name => name.Contains("Test", StringComparison.Ordinal)
                    && !(name == "LoadTests" && project.StartsWith("loadtests/", StringComparison.Ordinal))));

    [Fact]
    public void A_service_names_no_namespace_of_another() =>
        Assert.Empty(
            from service in s_services
            from file in SourceTree.WithExtension(".cs").Select(SourceTree.Short)
            where file.StartsWith(service + "/", StringComparison.Ordinal) || file.StartsWith("Shared/", StringComparison.Ordinal)
            from other in s_services
            where !file.StartsWith(other + "/", StringComparison.Ordinal)
            where File.ReadAllText(Path.Combine(SourceTree.Root, file)).Contains($"Seckill.{other}", StringComparison.Ordinal)
            select $"{file} names {other}");

    [Fact]
    public void Versions_of_packages_stand_in_one_place() =>
        Assert.Empty(
            from project in SourceTree.WithExtension(".csproj")
            from package in XDocument.Load(project).Descendants("PackageReference")
            where package.Attribute("Version") is not null
            select $"{SourceTree.Short(project)}: {package}");

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(Path.Combine(SourceTree.Root, project)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
}
