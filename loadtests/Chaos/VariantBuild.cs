using System.Diagnostics;

namespace Seckill.Chaos;

/// <summary>Builds a variant beside the checkout's own output, under .run: a copy of the source with the variant's changes.</summary>
internal static class VariantBuild
{
    private static readonly string[] s_settings =
        ["Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", "nuget.config"];

    private static readonly string[] s_projects = ["Shared", "OrderService", "InventoryService"];

    /// <returns>Where the services of the variant are, as below the checkout.</returns>
    public static async Task<string> BuildAsync(Variant variant, string instance)
    {
        if (variant.Changes.Count == 0)
        {
            return Checkout.Root;
        }

        // One copy for all variants: what one changed the next puts back, and only that is built again.
        var copy = Path.Combine(Checkout.Root, ".run", instance, "variant");
        foreach (var file in Sources())
        {
            var text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, file));
            foreach (var (_, whatIs, becomes) in variant.Changes.Where(change => change.File == file))
            {
                text = text.Replace(whatIs, becomes, StringComparison.Ordinal);
            }

            var target = Path.Combine(copy, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (!File.Exists(target) || await File.ReadAllTextAsync(target) != text)
            {
                await File.WriteAllTextAsync(target, text);
            }
        }

        var output = new DirectoryInfo(AppContext.BaseDirectory);
        foreach (var service in s_projects.Skip(1))
        {
            // What is broken on purpose may look wrong to an analyzer, too.
            await BuildAsync(Path.Combine(copy, service, service + ".csproj"), "-c", output.Parent!.Name, "-p:TreatWarningsAsErrors=false");
        }

        return copy;
    }

    private static IEnumerable<string> Sources() =>
        s_settings
            .Where(file => File.Exists(Path.Combine(Checkout.Root, file)))
            .Concat(s_projects.SelectMany(project =>
                new DirectoryInfo(Path.Combine(Checkout.Root, project)).EnumerateFiles("*", SearchOption.AllDirectories)
                    .Select(file => Path.GetRelativePath(Checkout.Root, file.FullName))
                    .Where(file => !file.Split('/').Any(folder => folder is "bin" or "obj"))));

    private static async Task BuildAsync(string project, params string[] options)
    {
        var start = new ProcessStartInfo("dotnet", ["build", project, "--disable-build-servers", "-v", "quiet", "-nologo", .. options]);
        start.RedirectStandardOutput = true;
        using var build = Process.Start(start)!;
        var output = await build.StandardOutput.ReadToEndAsync();
        await build.WaitForExitAsync();
        if (build.ExitCode != 0)
        {
            throw new InvalidOperationException($"{project} was not built:\n{output}");
        }
    }
}
