namespace Seckill.OrderService;

/// <summary>The task of a process: take orders, persist them, or both. Set by <c>--role api|worker|all</c>.</summary>
[Flags]
internal enum Role
{
    /// <summary>(1)–(5).</summary>
    Api = 1,
    /// <summary>(6)–(8).</summary>
    Worker = 2,
    /// <summary>Everything in one process; the default.</summary>
    All = Api | Worker,
}

internal static class RoleSetting
{
    public static Role RequiredRole(this IConfiguration configuration) =>
        configuration["role"]?.ToLowerInvariant() switch
        {
            null or "all" => Role.All,
            "api" => Role.Api,
            "worker" => Role.Worker,
            var other => throw new InvalidSettingException("role", $"is '{other}', and must be api, worker or all"),
        };
}
