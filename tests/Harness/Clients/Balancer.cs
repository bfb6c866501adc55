using System.Collections.Immutable;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Tests.Harness.Clients;

/// <summary>
/// Buyers behind a small round-robin balancer, as it stands before any installation: it asks each instance for its readiness again and
/// again and sends new requests only to those that are ready. Each buyer comes once and goes on until the answer is definite.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    // Several requests are under way at each moment, and the processes that start meanwhile have the machine, too.
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(40);
    private readonly CancellationTokenSource _enough = new();
    private readonly Task _looking;
    private readonly Task[] _queues;
    private ImmutableArray<ServiceProcess> _all;
    private ImmutableArray<ServiceProcess> _ready;
    private uint _next;

    public Balancer(Buyers buyers, params ServiceProcess[] apis)
    {
        _all = _ready = [.. apis];
        _looking = Task.Run(LookAsync);
        _queues = [.. Enumerable.Range(0, 16).Select(_ => Task.Run(() => BuyAsync(buyers)))];
    }

    /// <summary>True when new requests go to this instance.</summary>
    public bool Uses(ServiceProcess api) => _ready.Contains(api);

    /// <summary>Another instance.</summary>
    public void Add(ServiceProcess api) => ImmutableInterlocked.Update(ref _all, all => all.Add(api));

    /// <summary>No further buyer comes; those who wait get their answer.</summary>
    public async Task LeavesAsync()
    {
        await _enough.CancelAsync();
        await Task.WhenAll([_looking, .. _queues]);
    }

    public async ValueTask DisposeAsync()
    {
        await LeavesAsync();
        _enough.Dispose();
    }

    private async Task LookAsync()
    {
        while (!_enough.IsCancellationRequested)
        {
            var ready = await Task.WhenAll(_all.Select(async api => (Api: api, IsReady: await IsReadyAsync(api))));
            _ready = [.. ready.Where(one => one.IsReady).Select(one => one.Api)];
            await Task.Delay(s_interval);
        }
    }

    private static async Task<bool> IsReadyAsync(ServiceProcess api)
    {
        try
        {
            return (await api.ReadinessAsync()).Status == 200;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private async Task BuyAsync(Buyers buyers)
    {
        while (!_enough.IsCancellationRequested)
        {
            var (user, key) = (buyers.NewUser(), Buyers.NewKey());
            while (await ClickAsync(buyers, user, key) is null or { IsUnknown: true })
            {
                await Task.Delay(s_interval);
            }

            await Task.Delay(s_pace);
        }
    }

    private async Task<Attempt?> ClickAsync(Buyers buyers, long user, string key)
    {
        var ready = _ready;
        return ready.Length > 0
            ? await buyers.ClickAsync(ready[(int)(Interlocked.Increment(ref _next) % ready.Length)], user, key)
            : null;
    }
}
