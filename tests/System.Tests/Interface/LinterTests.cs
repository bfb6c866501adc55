namespace Seckill.System.Tests.Interface;

/// <summary>
/// Promise: linters find nothing in the OpenAPI documents, neither an error nor a warning. Broken by an operation without an id, a
/// description, an example or a credential, and by an example that does not fit its schema.
/// </summary>
[Collection(AsAStranger.Name)]
public sealed class LinterTests(RunningShop shop)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Redocly_finds_nothing(bool ofStorefront)
    {
        await shop.NeedsPackagesAsync();
        // By the strict rules a warning is an error. Under its usual name openapi-typescript would read the file, too.
        await Command.RunAsync(RunningShop.Folder, "node_modules/.bin/redocly", "lint", Document(ofStorefront), "--config=lint.yaml");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Spectral_finds_nothing(bool ofStorefront)
    {
        await shop.NeedsPackagesAsync();
        var output = await Command.RunAsync(
            RunningShop.Folder, "node_modules/.bin/spectral", "lint", Document(ofStorefront), "--ruleset=.spectral.yaml",
            "--fail-severity=hint");
        Assert.Contains("No results with a severity of 'hint' or higher found!", output, StringComparison.Ordinal);
    }

    private string Document(bool ofStorefront) => shop.DocumentOf(ofStorefront ? shop.Api : shop.Inventory);
}
