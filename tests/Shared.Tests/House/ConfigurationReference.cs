using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Seckill.Shared.Tests.House;

/// <summary>One setting of an options class.</summary>
internal sealed record Setting(string Service, string Section, string Name, string Type, string Default, string Range, string Meaning)
{
    public string Path => $"{Section}:{Name}";
}

/// <summary>
/// Writes docs/CONFIGURATION.md from the options classes: from their source, because that is where the explanations are, and the form of
/// these classes is the same everywhere. What is no options class is listed by hand below.
/// </summary>
internal static partial class ConfigurationReference
{
    /// <summary>Settings that are read one by one: path, default, meaning.</summary>
    public static readonly (string Path, string Default, string Meaning)[] Single =
    [
        ("ConnectionStrings:Redis", "required",
            "Stock store, StackExchange.Redis format: `host:6379,user=…,password=…,ssl=true`; several hosts (a primary and its "
            + "replicas, or nodes of a cluster), or Sentinels with `serviceName=…`: see [topologies](TOPOLOGIES.md)"),
        ("ConnectionStrings:RabbitMq", "required",
            "`amqps://user:password@host:5671/vhost`; of a cluster several nodes: `@host:5671,host:5671/vhost`"),
        ("ConnectionStrings:Orders", "required",
            "Orders database, Npgsql format; 20 connections, or its `Maximum Pool Size`. A user for each role, and the owner for "
            + "`migrate`: see `Schema:MigrateAtStart`. Of several hosts (`Host=a,b`) the primary is used, and each has its own 20 "
            + "connections"),
        ("ConnectionStrings:Legacy", "none", "Legacy database, Npgsql format (OrderService); without it there is no dual write"),
        ("Stores:AllowUnencrypted", "false",
            "Outside Development a process refuses connection strings without `ssl=true` (Redis), `amqps://` (RabbitMQ) and "
            + "`SSL Mode=VerifyFull` (PostgreSQL). True lets it start, where a mesh encrypts or only these processes share the network"),
        ("Auth:OpsKey", "only in Development",
            "Opens the ops endpoints and the dashboard, as the admin `ops`; at least 32 characters. Not required once `Auth:Operators` has "
            + "an admin and `Messages:SigningKey` is set"),
        ("Auth:Operators", "none",
            "Operators with keys of their own: `Auth:Operators:0:Name`, `:KeySha256` (of a long random key, 64 hex digits), `:Role` "
            + "(`viewer`, `operator`, `admin`), `:ExpiresAt` (optional). One name may have several keys"),
        ("Auth:BuyerTokenKey", "only in Development", "Signs buyer tokens, HS256 (OrderService); at least 32 characters"),
        ("Auth:BuyerTokenKeyId", "none", "The `kid` of tokens that this key signs (OrderService)"),
        ("Auth:OtherBuyerTokenKeys", "none",
            "Further keys of buyer tokens, for a rotation, at most 8: `Auth:OtherBuyerTokenKeys:0:Key`, `:Id` (the `kid`, optional) "
            + "(OrderService)"),
        ("Auth:UserIdClaim", "sub", "Claim of a buyer token that has the user id, a positive 64-bit integer in a string (OrderService)"),
        ("Payments:SigningKey", "only in Development", "Signs the payment provider's calls (OrderService); at least 32 characters"),
        ("Payments:OtherSigningKeys", "none",
            "Further keys of the payment provider, for a rotation, at most 8: `Payments:OtherSigningKeys:0` (OrderService)"),
        ("AllowedHosts", "all", "Host names that requests may have, separated by semicolons; others get 400. `127.0.0.1` for probes"),
        ("Messages:SigningKey", "derived from `Auth:OpsKey`",
            "Signs the messages in the queue; at least 32 characters, the same in all processes"),
        ("role", "all", "`--role api`, `worker` or `all` (OrderService)"),
        ("Redis:RefuseWeakDurability", "false", "Stop, rather than warn, when Redis may forget accepted orders"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "none", "Environment only: a collector for metrics, traces and logs; the standard variables apply"),
        (
            "Urls", "http://localhost:8080, :8081",
            "Where the process listens; in the images `http://*:8080`. `ASPNETCORE_URLS` and `ASPNETCORE_HTTP_PORTS` do not override it"
        ),
    ];

    /// <summary>Every setting of every options class, by service, section and place in the class.</summary>
    public static IReadOnlyList<Setting> Settings { get; } =
        [.. SourceTree.WithExtension(".cs").Where(file => !SourceTree.Short(file).StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(Read).GroupBy(setting => (setting.Service, setting.Section))
            .OrderBy(group => group.Key).SelectMany(group => group)];

    /// <summary>The whole file.</summary>
    public static string Write()
    {
        var text = new StringBuilder(
            """
            # Configuration

            Written by `./seckill docs` from the options classes; a test fails when it is stale. Settings are environment variables
            (`Reservations__MaxBatch`), members of `appsettings.json`, or arguments (`--Reservations:MaxBatch 128`). A value that is out
            of range stops the start with a message that names the setting. Changes need a restart.

            ## All services

            | setting | default | |
            | --- | --- | --- |

            """);
        foreach (var (path, @default, meaning) in Single)
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{path}` | {@default} | {meaning} |\n");
        }

        foreach (var service in Settings.GroupBy(setting => setting.Service))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {service.Key}\n");
            foreach (var section in service.GroupBy(setting => setting.Section))
            {
                text.Append(CultureInfo.InvariantCulture, $"\n### {section.Key}\n\n| setting | type | default | range | |\n")
                    .Append("| --- | --- | --- | --- | --- |\n");
                foreach (var one in section)
                {
                    text.Append(
                        CultureInfo.InvariantCulture, $"| `{one.Path}` | {one.Type} | {one.Default} | {one.Range} | {one.Meaning} |\n");
                }
            }
        }

        return text.ToString();
    }

    private static IEnumerable<Setting> Read(string file)
    {
        var source = File.ReadAllText(file);
        var service = SourceTree.Short(file).Split('/')[0] is var folder && folder == "Shared" ? "Both services" : folder;
        return
            from options in OptionsClass().Matches(source)
            from member in Member().Matches(options.Groups["body"].Value)
            select new Setting(
                service, options.Groups["section"].Value, member.Groups["name"].Value, TypeOf(member.Groups["type"].Value),
                DefaultOf(member.Groups["type"].Value, member.Groups["default"].Value), RangeOf(member.Groups["attributes"].Value),
                Plain(member.Groups["summary"].Value));
    }

    private static string TypeOf(string type) => type.TrimEnd('?') switch
    {
        "int" or "long" => "whole number", "double" => "number", "bool" => "true or false", "string" => "text", var other when
            other.Contains("string", StringComparison.Ordinal) => "list of texts", var other => other,
    };

    private static string DefaultOf(string type, string written) => (type, written) switch
    {
        ("bool", "") => "false",
        ("int" or "long" or "double", "") => "0",
        (_, "" or "[]") => "none",
        _ => Value(written),
    };

    private static string RangeOf(string attributes)
    {
        var range = Range().Match(attributes);
        return range.Success ? $"{Value(range.Groups["from"].Value)} to {Value(range.Groups["to"].Value)}" : "";
    }

    // Numbers as people write them; a constant by its value.
    private static string Value(string written)
    {
        var text = written.Trim();
        if (Constant().Match(text) is { Success: true } constant)
        {
            var (type, name) = (constant.Groups["type"].Value, constant.Groups["name"].Value);
            var source = SourceTree.WithExtension(".cs").First(file => Path.GetFileNameWithoutExtension(file) == type);
            text = Regex.Match(File.ReadAllText(source), $@"const \w+ {name} = (?<value>[^;]+);").Groups["value"].Value;
        }

        text = text.Trim('"').Replace("_", "", StringComparison.Ordinal);
        return long.TryParse(text, CultureInfo.InvariantCulture, out var number)
            ? number.ToString("N0", CultureInfo.InvariantCulture) : text;
    }

    private static string Plain(string summary)
    {
        var text = Tag().Replace(Reference().Replace(summary.Replace("///", "", StringComparison.Ordinal), "`${name}`"), "");
        return Blanks().Replace(text, " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"<summary>[^<]*Settings under <c>(?<section>\w+)</c>[\s\S]*?class \w+[^{]*\{(?<body>[\s\S]*?)\n\}")]
    private static partial Regex OptionsClass();

    [GeneratedRegex(
        @"<summary>(?<summary>[\s\S]*?)</summary>\s*(?<attributes>(?:\[[^\n]*\]\s*)*)"
        + @"public (?<type>[\w<>?\[\]]+) (?<name>\w+) \{ get; (?:set|init); \}(?: = (?<default>[^;]+);)?")]
    private static partial Regex Member();

    [GeneratedRegex(@"\[Range\((?<from>[^,]+), (?<to>[^)]+)\)")]
    private static partial Regex Range();

    [GeneratedRegex(@"^(?<type>[A-Z]\w+)\.(?<name>[A-Z]\w+)$")]
    private static partial Regex Constant();

    [GeneratedRegex("<(?:see|paramref) \\w+=\"(?:[\\w.]*\\.)?(?<name>\\w+)\"\\s*/>|<c>(?<name>[^<]+)</c>")]
    private static partial Regex Reference();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
