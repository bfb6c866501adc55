
using Seckill.Tests.Harness.Processes;

namespace Seckill.Tests.Harness.Clients;

/// <summary>Buyers who keep coming, each once and each until a definite answer, until the scenario has seen enough.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(20);
    private readonly CancellationTokenSource _enough = new();
    private readonly Task[] _queues;

    public Crowd(Buyers buyers, params ServiceProcess[] apis)
    {
        _queues = [.. Enumerable.Range(0, 8).Select(at => Task.Run(
            () => BuyAsync(buyers, [.. apis.Skip(at % apis.Length), .. apis.Take(at % apis.Length)])))];
    }

    /// <summary>No further buyer comes; those who wait get their answer.</summary>
    public async Task LeavesAsync()
    {
        await _enough.CancelAsync();
        await Task.WhenAll(_queues);
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        _enough.Dispose();
    }

    /// <summary>So many at once of what a scenario lists.</summary>
    public static Task AllAsync<T>(IEnumerable<T> what, Func<T, Task> action) =>
        Parallel.ForEachAsync(what, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (one, _) => await action(one));

    private async Task BuyAsync(Buyers buyers, IReadOnlyList<ServiceProcess> apis)
    {
        while (!_enough.IsCancellationRequested)
        {
            await buyers.InsistAsync(apis, buyers.NewUser());
            await Task.Delay(s_pace);
        }
    }
}
