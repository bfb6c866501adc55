using System.Globalization;

namespace Seckill.System.Tests.Interface;

/// <summary>
/// Promise: clients that generators make from the OpenAPI document compile and buy a unit, and know the codes of refusals. Broken by a
/// member without a type, an enum without values, a missing operation id, or an answer that is not as described.
/// </summary>
[Collection(AsAStranger.Name)]
public sealed class GeneratedClientTests(RunningShop shop)
{
    private const string Project =
        """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <EnableDefaultCompileItems>false</EnableDefaultCompileItems>
          </PropertyGroup>
          <ItemGroup>
            <Compile Include="Buy.cs;Seckill.cs" />
          </ItemGroup>
        </Project>
        """;

    [Fact]
    public async Task A_TypeScript_client_compiles_in_strict_mode_and_buys_a_unit()
    {
        await shop.NeedsPackagesAsync();
        await Command.RunAsync(
            RunningShop.Folder, "node_modules/.bin/openapi-typescript", shop.DocumentOf(shop.Api), "--output", "seckill.ts");
        await Command.RunAsync(RunningShop.Folder, "node_modules/.bin/tsc", "--project", ".");
        await BuysAsync(RunningShop.Folder, "node", "out/buy.js");
    }

    [Fact]
    public async Task A_CSharp_client_compiles_and_buys_a_unit()
    {
        // Apart from our own props and packages: a stranger has none of them.
        var folder = Directory.CreateTempSubdirectory("seckill-client-");
        try
        {
            File.Copy(Path.Combine(RunningShop.Folder, "Buy.cs"), Path.Combine(folder.FullName, "Buy.cs"));
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "client.csproj"), Project);
            await Command.RunAsync(RunningShop.Folder, "dotnet", "tool", "restore");
            await Command.RunAsync(
                RunningShop.Folder, "dotnet", "nswag", "openapi2csclient", $"/input:{shop.DocumentOf(shop.Api)}",
                $"/output:{Path.Combine(folder.FullName, "Seckill.cs")}", "/namespace:Shop", "/classname:SeckillClient",
                "/jsonLibrary:SystemTextJson");
            await Command.RunAsync(folder.FullName, "dotnet", "build", "--disable-build-servers", "--output", "out");
            await BuysAsync(folder.FullName, "dotnet", "out/client.dll");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task BuysAsync(string folder, string program, string client)
    {
        var sale = shop.Buyers.Sale;
        using var command = Command.Start(
            folder, shop.NewBuyer(), program, client, sale.Id.ToString(CultureInfo.InvariantCulture),
            sale.Skus[0].ToString(CultureInfo.InvariantCulture));
        var lines = (await command.EndsAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.Matches("^[0-9a-f]{32} reserved 1999 20", lines[0].ToLowerInvariant());
        Assert.Matches("^(reserved|placed)$", lines[1].ToLowerInvariant());
        Assert.Equal("422 idempotency-key-reused", lines[2]);
        Assert.Equal("1", lines[3]);
    }
}
