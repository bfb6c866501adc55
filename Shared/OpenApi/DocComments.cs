using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Seckill.Shared.OpenApi;

/// <summary>
/// What the comments of the code say about types and members of the interface, from the XML files beside the programs: so the document
/// and the code cannot say different things.
/// </summary>
internal static partial class DocComments
{
    private static readonly ConcurrentDictionary<Assembly, Dictionary<string, XElement>> s_files = new();

    /// <summary>The summary of a type; null when it has none.</summary>
    public static string? Of(Type type) => Text(Find(type)?.Element("summary"));

    /// <summary>What a property is: its own summary, or the text of its parameter when the record has it from there.</summary>
    public static string? Of(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        return Text(Member(type.Assembly, $"P:{NameOf(type)}.{property.Name}")?.Element("summary")
            ?? Find(type)?.Elements("param").FirstOrDefault(parameter => parameter.Attribute("name")?.Value == property.Name));
    }

    /// <summary>The text without line breaks and indentation.</summary>
    public static string OnOneLine(string text) => Blanks().Replace(text, " ").Trim();

    private static XElement? Find(Type type) =>
        Member(type.Assembly, "T:" + NameOf(type)) is { } comment
            ? comment.Element("inheritdoc")?.Attribute("cref")?.Value is { } other ? Member(type.Assembly, other) : comment
            : null;

    private static XElement? Member(Assembly assembly, string name) => s_files.GetOrAdd(assembly, Read).GetValueOrDefault(name);

    private static Dictionary<string, XElement> Read(Assembly assembly)
    {
        var file = Path.ChangeExtension(assembly.Location, ".xml");
        return !File.Exists(file)
            ? []
            : XDocument.Load(file).Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);
    }

    private static string NameOf(Type type) => type.FullName!.Replace('+', '.');

    private static string? Text(XElement? comment) =>
        comment is null ? null : OnOneLine(string.Concat(comment.Nodes().Select(Text)));

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "paramref" } other => $"`{JsonNamingPolicy.CamelCase.ConvertName(other.Attribute("name")!.Value)}`",
        XElement element => element.Attribute("cref")?.Value.Split('.')[^1] ?? element.Attribute("langword")?.Value ?? element.Value,
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
