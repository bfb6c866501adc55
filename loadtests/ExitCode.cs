namespace Seckill.LoadTests;

/// <summary>What a script may rely on.</summary>
public static class ExitCode
{
    /// <summary>Every number was right.</summary>
    public const int Right = 0;

    /// <summary>A number was wrong, or the system under test could not be reached.</summary>
    public const int Wrong = 1;

    /// <summary>The command line or an environment variable cannot be used; nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>Nothing was wrong, and the run did not show what it is about, or its generator was too slow to tell.</summary>
    public const int Inconclusive = 3;
}
