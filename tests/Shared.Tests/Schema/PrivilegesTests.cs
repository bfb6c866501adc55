using System.Text.RegularExpressions;
using Seckill.Shared.Schema;

namespace Seckill.Shared.Tests.Schema;

/// <summary>
/// Promise: a table that comes later comes with its rights. Broken by a schema file without a line in privileges.sql: with users of few
/// rights no process could change the table, which shows in no test that runs as the owner.
/// </summary>
public sealed partial class PrivilegesTests
{
    [Fact]
    public void Every_table_is_named_where_the_rights_of_the_roles_are()
    {
        var assembly = typeof(SchemaMigrator).Assembly;
        string Read(string resource)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            return reader.ReadToEnd();
        }

        var rights = Name().Matches(Read("privileges")).Select(match => match.Value).ToHashSet();
        var tables = assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal))
            .SelectMany(name => NewTable().Matches(Read(name))).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.True(tables.Count > 25, string.Join(' ', tables));
        Assert.Empty(tables.Except(rights));
    }

    [GeneratedRegex("^create table (\\w+)", RegexOptions.Multiline)]
    private static partial Regex NewTable();

    [GeneratedRegex("\\w+")]
    private static partial Regex Name();
}
