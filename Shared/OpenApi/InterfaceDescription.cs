using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.OpenApi;

/// <summary>
/// The OpenAPI document as a whole: what the service is, its groups and credentials; what a body must have, and an example of each.
/// </summary>
public static class InterfaceDescription
{
    /// <summary>Registers the document.</summary>
    public static void AddTo(IServiceCollection services) => services.AddOpenApi(options => options
        .AddOperationTransformer(ProblemMetadata.DescribeCodesAsync)
        .AddOperationTransformer(OperationDescription.CompleteAsync)
        .AddSchemaTransformer(SchemaMetadata.CompleteAsync)
        .AddDocumentTransformer(CompleteAsync));

    private static Task CompleteAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = InfoOf(context.ApplicationServices.GetRequiredService<IHostEnvironment>());
        foreach (var server in document.Servers ?? [])
        {
            server.Url = server.Url?.TrimEnd('/');
        }

        var metadata = context.DescriptionGroups.SelectMany(group => group.Items)
            .SelectMany(item => item.ActionDescriptor.EndpointMetadata).ToList();
        document.Tags = metadata.OfType<OperationGroup>().DistinctBy(group => group.Name).OrderBy(group => group.Name)
            .Select(group => new OpenApiTag { Name = group.Name, Description = group.Description }).ToHashSet();
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = metadata.OfType<Credential>().DistinctBy(credential => credential.Name)
            .OrderBy(credential => credential.Name)
            .ToDictionary(credential => credential.Name, IOpenApiSecurityScheme (credential) => credential.Scheme);
        foreach (var operation in document.Paths.Values.SelectMany(path => path.Operations ?? []).Select(pair => pair.Value))
        {
            var request = operation.RequestBody?.Content?.Values.ToList() ?? [];
            request.ForEach(body => ForbidNull(body.Schema, document));
            var bodies = request.Concat(operation.Responses?.Values.SelectMany(response => response.Content?.Values ?? []) ?? []);
            foreach (var body in bodies.Where(body => body is { Schema: not null, Examples: null }))
            {
                body.Example = Examples.Of(body.Schema!, "", document);
            }
        }

        return Task.CompletedTask;
    }

    private static OpenApiInfo InfoOf(IHostEnvironment environment)
    {
        var service = Assembly.Load(environment.ApplicationName);
        return new OpenApiInfo
        {
            Title = service.GetCustomAttribute<AssemblyProductAttribute>()!.Product,
            Description = DocComments.OnOneLine(service.GetCustomAttribute<AssemblyDescriptionAttribute>()!.Description),
            Version = BuildInfo.Version,
            Contact = new OpenApiContact { Name = "The team that runs this installation" },
            License = new OpenApiLicense { Name = "Apache License 2.0", Identifier = "Apache-2.0" },
        };
    }

    // Members of requests are nullable in the code only so that a missing one can be named.
    private static void ForbidNull(IOpenApiSchema? schema, OpenApiDocument document)
    {
        if (schema is null || Examples.Resolve(schema, document) is not OpenApiSchema body)
        {
            return;
        }

        foreach (var (name, member) in body.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (member is OpenApiSchema own && body.Required?.Contains(name) == true)
            {
                own.Type &= ~JsonSchemaType.Null;
            }

            ForbidNull(member, document);
        }

        if (body.Items is { } items)
        {
            body.Items = items.OneOf?.FirstOrDefault(choice => choice.Type != JsonSchemaType.Null) ?? items;
            ForbidNull(body.Items, document);
        }
    }
}
