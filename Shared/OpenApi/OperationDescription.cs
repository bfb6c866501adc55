using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Seckill.Shared.OpenApi;

/// <summary>Completes an operation: parameters, credentials, and the headers of its answers.</summary>
internal static class OperationDescription
{
    private static readonly Dictionary<string, string> s_ofParameters = new()
    {
        ["saleId"] = "The sale.", ["skuId"] = "The SKU, within the sale.", ["orderId"] = "The order, as the 202 named it.",
        ["userId"] = "The user: the number in the buyer's token.",
        ["id"] = "The refund, as the list names it.", ["webhookId"] = "The endpoint, as the list names it.",
        ["after"] = "Where the page begins, from the Link of the page before.",
        ["limit"] = "Maximum entries of the page, 1 to 1,000.", ["settled"] = "false leaves out those that are settled, true the others.",
    };

    public static Task CompleteAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            parameter.Description ??= s_ofParameters.GetValueOrDefault(parameter.Name!);
            parameter.Example = Examples.Of(parameter.Schema!, parameter.Name!, context.Document);
        }

        var described = metadata.OfType<DescribedParameter>().ToList();
        operation.Parameters =
        [
            .. (operation.Parameters ?? []).Where(seen => !described.Exists(one => one.Name == seen.Name)), .. described.Select(New),
        ];
        operation.Security =
        [
            .. metadata.OfType<Credential>().Select(credential => new OpenApiSecurityRequirement
            {
                [new OpenApiSecuritySchemeReference(credential.Name, context.Document)] = [],
            }),
        ];
        foreach (var (status, response) in operation.Responses ?? [])
        {
            AddHeaders((OpenApiResponse)response, int.Parse(status, CultureInfo.InvariantCulture), metadata);
        }

        return Task.CompletedTask;
    }

    private static OpenApiParameter New(DescribedParameter parameter)
    {
        var schema = parameter.Schema();
        return new OpenApiParameter
        {
            In = parameter.In, Name = parameter.Name, Description = parameter.Description, Required = parameter.IsRequired, Schema = schema,
            Example = schema.Type is JsonSchemaType.String ? JsonValue.Create(parameter.Example) : JsonNode.Parse(parameter.Example),
        };
    }

    private static void AddHeaders(OpenApiResponse response, int status, IList<object> metadata)
    {
        if (status == StatusCodes.Status401Unauthorized)
        {
            Add("WWW-Authenticate", "The scheme, and for a token or a ticket which rule refused it (RFC 6750).",
                "Bearer error=\"invalid_token\", error_description=\"The token has expired.\"");
        }

        // Both are only ever temporary.
        var isTemporary = status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable;
        if (isTemporary || ProblemMetadata.MayNameATime(metadata, status))
        {
            Add("Retry-After", "Seconds after which a retry may succeed.", "1", isAlways: isTemporary);
        }

        foreach (var header in metadata.OfType<DescribedHeader>().Where(header => header.Status == status))
        {
            Add(header.Name, header.Description, header.Example, header.IsAlways);
        }

        void Add(string name, string description, string example, bool isAlways = true)
        {
            var isNumber = int.TryParse(example, CultureInfo.InvariantCulture, out var number);
            (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[name] = new OpenApiHeader
            {
                Description = description, Required = isAlways,
                Schema = new OpenApiSchema { Type = isNumber ? JsonSchemaType.Integer : JsonSchemaType.String },
                Example = isNumber ? JsonValue.Create(number) : JsonValue.Create(example),
            };
        }
    }
}
