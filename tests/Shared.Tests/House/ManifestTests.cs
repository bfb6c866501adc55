using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// The manifests of deploy/kubernetes say what the code does: images, ports, paths, settings, the queue, the time to stop. Broken by
/// a change on one side alone, which nobody would notice before the next installation.
/// </summary>
public sealed class ManifestTests
{
    private static readonly string[] s_ofTheHost = ["DOTNET_ENVIRONMENT", "ASPNETCORE_ENVIRONMENT"];
    private static readonly IReadOnlyList<(string File, Node Document)> s_documents = [.. Load()];

    private static IReadOnlyList<Node> Deployments { get; } = OfKind("Deployment");

    private static IReadOnlyList<Node> Containers { get; } =
        [.. Deployments.Select(one => one["spec"]["template"]["spec"]["containers"].Items.Single())];

    [Fact]
    public void Every_file_is_part_of_an_installation()
    {
        Assert.Equal(["api", "inventory", "worker"], Deployments.Select(Name).Order());
        Assert.All(s_documents.Where(one => Path.GetFileName(one.File) == "kustomization.yaml"), one =>
        {
            var folder = Path.GetDirectoryName(one.File)!;
            var listed = one.Document["resources"].Items.Select(item => item.Text).ToList();
            Assert.All(listed, item => Assert.True(Path.Exists(Path.Combine(folder, item)), $"{one.File} names {item}"));
            Assert.Empty(Directory.GetFiles(folder, "*.yaml").Select(Path.GetFileName).Except([.. listed, "kustomization.yaml"]));
        });
    }

    [Fact]
    public void Images_ports_and_roles_are_those_of_the_services()
    {
        var compose = Source("docker-compose.yml");
        foreach (var container in Containers)
        {
            Assert.Contains($"image: {container["image"].Text}\n", compose, StringComparison.Ordinal);
            var service = container["image"].Text.EndsWith("order-service", StringComparison.Ordinal) ? "OrderService" : "InventoryService";
            Assert.Equal(["http", "ops"], container["ports"].Items.Select(port => port["name"].Text));
            Assert.All(container["ports"].Items, port => Assert.Contains(
                $"EXPOSE {port["containerPort"].Text}\n", Source($"{service}/Dockerfile"), StringComparison.Ordinal));
            Assert.Contains($"Management__Port={OpsPort(container)}\n", Source($"{service}/Dockerfile"), StringComparison.Ordinal);
            Assert.Equal(
                service == "OrderService" ? ["--role", container["name"].Text] : [], container["args"].Items.Select(item => item.Text));
        }

        var images = s_documents.Where(one => Path.GetFileName(one.File) == "kustomization.yaml")
            .SelectMany(one => one.Document["images"].Items).Select(image => image["name"].Text);
        Assert.Equal(Containers.Select(one => one["image"].Text).Distinct().Order(), images.Distinct().Order());
    }

    [Fact]
    public void Probes_and_metrics_are_paths_that_the_services_have()
    {
        var mapped = Source("Shared/Hosting/Health.cs") + Source("Shared/Hosting/ServiceHost.cs");
        foreach (var container in Containers)
        {
            Assert.Equal("/health/live", container["livenessProbe"]["httpGet"]["path"].Text);
            // A store that is away must not take all pods out at once; a new pod must have seen all of them.
            Assert.Equal("/health/serving", container["readinessProbe"]["httpGet"]["path"].Text);
            Assert.Equal("/health/ready", container["startupProbe"]["httpGet"]["path"].Text);
            foreach (var probe in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
            {
                Assert.Contains($"(\"{container[probe]["httpGet"]["path"].Text}\"", mapped, StringComparison.Ordinal);
                Assert.Equal(container["ports"].Items.First()["name"].Text, container[probe]["httpGet"]["port"].Text);
            }
        }

        Assert.All(Deployments, one =>
        {
            var annotations = one["spec"]["template"]["metadata"]["annotations"];
            Assert.Contains($"(\"{annotations["prometheus.io/path"].Text}\"", mapped, StringComparison.Ordinal);
            Assert.Equal(OpsPort(Containers[0]), annotations["prometheus.io/port"].Text);
        });
    }

    [Fact]
    public void Settings_and_secrets_are_settings_that_the_code_reads()
    {
        var known = ConfigurationReference.Settings.Select(setting => setting.Path)
            .Concat(ConfigurationReference.Single.Select(setting => setting.Path))
            .Select(path => path.Replace(":", "__", StringComparison.Ordinal)).Concat(s_ofTheHost).ToHashSet();
        var literals =
            from one in s_documents
            from generator in one.Document["configMapGenerator"].Items
            from literal in generator["literals"].Items
            select Regex.Replace(literal.Text.Split('=')[0], "__[0-9]+$", "");
        var secrets = OfKind("ExternalSecret").SelectMany(secret => secret["spec"]["data"].Items)
            .Select(item => item["secretKey"].Text).ToList();
        Assert.True(literals.Count() >= 5 && secrets.Count >= 6);
        Assert.Empty(literals.Concat(secrets).Except(known));
        // What has no default outside Development must come from the secret.
        var required = ConfigurationReference.Single.Where(setting => setting.Default is "required" or "only in Development");
        Assert.Empty(required.Select(setting => setting.Path.Replace(":", "__", StringComparison.Ordinal)).Except(secrets));
        var authentication = OfKind("TriggerAuthentication").Single()["spec"]["secretTargetRef"].Items.Single();
        Assert.Contains(authentication["key"].Text, secrets);
        Assert.Equal("seckill-worker", authentication["name"].Text);
    }

    // Broken by a secret that is shared for convenience: then whoever breaks into a storefront owns the database.
    [Fact]
    public void Each_pod_has_the_secrets_of_its_role_alone()
    {
        var job = OfKind("Job").Single()["spec"]["template"]["spec"]["containers"].Items.Single();
        Assert.Equal("seckill/order-service", job["image"].Text);
        Assert.Equal("migrate", job["args"].Items.Single().Text);
        foreach (var (container, role) in Containers.Append(job).Select(one => (one, one == job ? "owner" : one["name"].Text)))
        {
            Assert.Equal(
                [$"seckill-{role}"],
                container["envFrom"].Items.Select(item => item["secretRef"]["name"].Text).Where(name => name.Length > 0));
            var keys = OfKind("ExternalSecret").Single(one => Name(one) == $"seckill-{role}")["spec"]["data"].Items
                .Select(item => (Setting: item["secretKey"].Text, Key: item["remoteRef"]["key"].Text)).ToList();
            Assert.All(
                keys.Where(one => one.Setting.StartsWith("ConnectionStrings", StringComparison.Ordinal)),
                one => Assert.StartsWith($"seckill/{role}/", one.Key, StringComparison.Ordinal));
            Assert.Equal(role == "api", keys.Exists(one => one.Setting is "Auth__BuyerTokenKey" or "Payments__SigningKey"));
            Assert.Equal(role is "api" or "worker", keys.Exists(one => one.Setting == "ConnectionStrings__Legacy"));
            Assert.Equal(role != "owner", keys.Exists(one => one.Setting == "Auth__OpsKey"));
        }
    }

    [Fact]
    public void The_worker_is_scaled_by_the_queue_that_it_consumes()
    {
        var scaled = OfKind("ScaledObject").Single()["spec"];
        Assert.Equal("worker", scaled["scaleTargetRef"]["name"].Text);
        Assert.Equal(
            Seckill.Shared.Connections.OrdersReservedPublisher.QueueName, scaled["triggers"].Items.Single()["metadata"]["queueName"].Text);
        Assert.Equal("api", OfKind("HorizontalPodAutoscaler").Single()["spec"]["scaleTargetRef"]["name"].Text);
        // Who scales decides about the number.
        Assert.Equal(["inventory"], Deployments.Where(one => one["spec"]["replicas"].Text.Length > 0).Select(Name));
    }

    [Fact]
    public void A_pod_has_the_time_that_its_process_takes_to_stop()
    {
        var own = ConfigurationReference.Settings.Where(setting => setting.Section == "Stop")
            .Sum(setting => Number(setting.Default.Replace(",", "", StringComparison.Ordinal))) / 1_000;
        Assert.InRange(own, 5, 120);
        Assert.All(Deployments.Zip(Containers), pair =>
        {
            var (deployment, container) = pair;
            var pause = Number(container["lifecycle"]["preStop"]["sleep"]["seconds"].Text);
            var grace = Number(deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].Text);
            Assert.True(grace >= pause + own + 5, $"{Name(deployment)} has {grace} s, and takes {pause} + {own} s.");
            var readiness = container["readinessProbe"];
            Assert.True(pause > Number(readiness["periodSeconds"].Text) * Number(readiness["failureThreshold"].Text));
        });
    }

    [Fact]
    public void Every_pod_is_bounded_unprivileged_and_may_be_moved()
    {
        Assert.All(Deployments.Zip(Containers), pair =>
        {
            var (deployment, container) = pair;
            Assert.Equal("true", deployment["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"].Text);
            Assert.Equal("false", container["securityContext"]["allowPrivilegeEscalation"].Text);
            Assert.Equal("true", container["securityContext"]["readOnlyRootFilesystem"].Text);
            Assert.Equal("ALL", container["securityContext"]["capabilities"]["drop"].Items.Single().Text);
            Assert.NotEqual("", container["resources"]["requests"]["cpu"].Text);
            Assert.NotEqual("", container["resources"]["limits"]["memory"].Text);
        });
        Assert.Equal(Deployments.Select(Name).Order(), OfKind("PodDisruptionBudget").Select(Name).Order());
        var selected = OfKind("PodDisruptionBudget").Concat(OfKind("Deployment")).Select(one => one["spec"]["selector"]["matchLabels"])
            .Concat(OfKind("Service").Select(one => one["spec"]["selector"]))
            .Concat(OfKind("NetworkPolicy").Select(one => one["spec"]["podSelector"]["matchLabels"]))
            .Select(labels => labels["app.kubernetes.io/name"].Text).Where(name => name.Length > 0);
        Assert.Empty(selected.Except(Deployments.Select(Name)));
        Assert.All(Deployments, one => Assert.Equal(
            Name(one), one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"].Text));
    }

    // Broken by a rule that admits buyers to the listener of operators.
    [Fact]
    public void Only_operators_and_Prometheus_reach_the_ops_listener()
    {
        var port = OpsPort(Containers[0]);
        var admitted =
            from policy in OfKind("NetworkPolicy")
            from rule in policy["spec"]["ingress"].Items
            where rule["ports"].Items.Any(one => one["port"].Text == port) || !rule["ports"].Items.Any()
            from peer in rule["from"].Items
            select peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"].Text;
        Assert.Equal(["monitoring", "ops"], admitted.Order());
        Assert.Contains($"Management__Port={port}", Source("deploy/kubernetes/base/kustomization.yaml"), StringComparison.Ordinal);
        Assert.DoesNotContain(":8080\"", Source("deploy/prometheus/prometheus.yml"), StringComparison.Ordinal);
    }

    private static string OpsPort(Node container) => container["ports"].Items.Last()["containerPort"].Text;

    private static string Name(Node document) => document["metadata"]["name"].Text;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Source(string file) => File.ReadAllText(Path.Combine(SourceTree.Root, file));

    private static IReadOnlyList<Node> OfKind(string kind) =>
        [.. s_documents.Select(one => one.Document).Where(document => document["kind"].Text == kind)];

    private static IEnumerable<(string, Node)> Load() =>
        from file in SourceTree.WithExtension(".yaml")
        where SourceTree.Short(file).StartsWith("deploy/kubernetes/", StringComparison.Ordinal)
        from document in Parse(file)
        select (file, document);

    private static IEnumerable<Node> Parse(string file)
    {
        using var reader = new StreamReader(file);
        var stream = new YamlStream();
        stream.Load(reader);
        return [.. stream.Documents.Select(document => new Node(document.RootNode))];
    }

    /// <summary>A place in a document; one that is missing is empty, and so is everything below it.</summary>
    private sealed record Node(YamlNode? Yaml)
    {
        public string Text => (Yaml as YamlScalarNode)?.Value ?? "";

        public IEnumerable<Node> Items => (Yaml as YamlSequenceNode)?.Children.Select(child => new Node(child)) ?? [];

        public Node this[string key] =>
            new(Yaml is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null);
    }
}
