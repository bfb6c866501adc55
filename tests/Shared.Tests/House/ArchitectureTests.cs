using System.Reflection;
using System.Xml.Linq;
using NetArchTest.Rules;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// Arrows point down: services use Shared, Shared uses no service, no service uses another, and no namespaces use each other in a
/// circle. Read from compiled code, where a dependency shows however it is written.
/// </summary>
public sealed class ArchitectureTests
{
    public static TheoryData<string> Assemblies { get; } = ["Shared", "OrderService", "InventoryService"];

    [Theory]
    [InlineData("Shared", "OrderService", "InventoryService")]
    [InlineData("OrderService", "InventoryService")]
    [InlineData("InventoryService", "OrderService")]
    public void Nothing_uses_what_stands_beside_or_above_it(string assembly, params string[] others) =>
        Assert.Empty(Users(assembly, others.Select(other => "Seckill." + other)));

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_namespaces_use_each_other_in_a_circle(string assembly)
    {
        var types = Of(assembly).GetTypes().ToLookup(type => Namespace(type.FullName), type => type.FullName);
        var uses = types.ToDictionary(
            used => used.Key, used => Users(assembly, used).Select(Namespace).Where(user => user != used.Key).ToHashSet());
        Assert.True(uses.Count > 3);
        Assert.DoesNotContain(uses.Keys, name => UsersOfUsers(name).Contains(name));

        HashSet<string> UsersOfUsers(string name)
        {
            var found = new HashSet<string>();
            var open = new Stack<string>(uses[name]);
            while (open.TryPop(out var next))
            {
                if (found.Add(next) && uses.TryGetValue(next, out var further))
                {
                    further.ToList().ForEach(open.Push);
                }
            }

            return found;
        }
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
