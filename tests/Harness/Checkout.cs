namespace Seckill.Tests.Harness;

/// <summary>Where the repository is: a program runs in (tests or loadtests)/project/bin/configuration/framework.</summary>
internal static class Checkout
{
    public static string Root { get; } =
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
}
