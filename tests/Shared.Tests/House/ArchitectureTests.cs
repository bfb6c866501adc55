using System.Reflection;
using System.Xml.Linq;
using NetArchTest.Rules;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// Arrows point down: services know Shared, Shared knows nobody, no service knows another, and no two namespaces know each other.
/// Read from what is compiled, where a dependency shows however it is written.
/// </summary>
public sealed class ArchitectureTests
{
    /// <summary>Pairs that know each other all the same. One that is resolved leaves the list; none is added.</summary>
    private static readonly string[] s_knownCircles =
    [
        "OrderService.LegacyOrders - OrderService.Ordering", "InventoryService.Reconciliation - InventoryService.Sales",
        "Shared.Contracts - Shared.Hosting",
    ];

    public static TheoryData<string> Assemblies { get; } = ["Shared", "OrderService", "InventoryService"];

    [Theory]
    [InlineData("Shared", "OrderService", "InventoryService")]
    [InlineData("OrderService", "InventoryService")]
    [InlineData("InventoryService", "OrderService")]
    public void Nothing_knows_what_stands_beside_or_above_it(string assembly, params string[] others) =>
        Assert.Empty(Users(assembly, others.Select(other => "Seckill." + other)));

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_two_namespaces_know_each_other(string assembly)
    {
        var types = Of(assembly).GetTypes().ToLookup(type => Namespace(type.FullName), type => type.FullName);
        var uses =
            from used in types
            from user in Users(assembly, used)
            select (User: Namespace(user), Used: used.Key);
        var arrows = uses.ToHashSet();
        var circles = arrows.Where(arrow => string.CompareOrdinal(arrow.User, arrow.Used) < 0 && arrows.Contains((arrow.Used, arrow.User)))
            .Select(arrow => $"{arrow.User} - {arrow.Used}");
        Assert.Equal(s_knownCircles.Where(circle => circle.StartsWith(assembly + ".", StringComparison.Ordinal)), circles);
    }

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
    public void Versions_of_packages_stand_in_one_place() =>
        Assert.Empty(
            from project in SourceTree.WithExtension(".csproj")
            from package in XDocument.Load(project).Descendants("PackageReference")
            where package.Attribute("Version") is not null
            select $"{SourceTree.Short(project)}: {package}");

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(Path.Combine(SourceTree.Root, project)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

    private static IEnumerable<string> Users(string assembly, IEnumerable<string> used) =>
        Of(assembly).That().HaveDependencyOnAny([.. used]).GetTypes().Select(type => type.FullName);

    private static Types Of(string assembly) => Types.InAssembly(Assembly.Load("Seckill." + assembly));

    // Of the outermost type, without "Seckill."; generated code and Program have none.
    private static string Namespace(string type) =>
        type.StartsWith("Seckill.", StringComparison.Ordinal) ? type["Seckill.".Length..type.LastIndexOf('.')] : "";
}
