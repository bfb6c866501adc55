using Microsoft.OpenApi;

namespace Seckill.Shared.OpenApi;

/// <summary>
/// How a caller proves who it is. As metadata of an endpoint it says what the endpoint takes, any one of several; an endpoint without one
/// is public. Checking it is another's task.
/// </summary>
/// <param name="name">Name in the document.</param>
/// <param name="scheme">Its description.</param>
public abstract class Credential(string name, OpenApiSecurityScheme scheme)
{
    internal string Name => name;

    internal OpenApiSecurityScheme Scheme => scheme;
}
