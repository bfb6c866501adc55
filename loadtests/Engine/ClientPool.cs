using System.Diagnostics;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Engine;

/// <summary>
/// A fixed number of clients for all visitors, spread over the API instances: a request takes one and returns it. A visitor who finds
/// none free waits in line, first come first served.
/// </summary>
public sealed class ClientPool : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly HttpMessageInvoker _http;
    private readonly PooledClient[] _clients;
    private readonly Queue<PooledClient> _idle;
    private readonly Queue<TaskCompletionSource<PooledClient>> _line = new();

    /// <param name="apis">At least one.</param>
    /// <param name="connections">Maximum concurrent requests, at least 1.</param>
    /// <param name="timeout">How long an answer, or a turn in the line, may take.</param>
    /// <param name="stop">Ends the requests under way.</param>
    /// <param name="orders">Path that takes orders.</param>
    public ClientPool(
        IReadOnlyList<Uri> apis, int connections, TimeSpan timeout, CancellationToken stop, string orders = "orders")
    {
        (_timeout, Apis) = (timeout, apis.Count);
        _http = StorefrontClient.Connect(connections);
        _clients = [.. Enumerable.Range(0, connections)
            .Select(index => new PooledClient(new StorefrontClient(_http, apis, stop, timeout, orders), index % apis.Count))];
        _idle = new Queue<PooledClient>(_clients);
    }

    /// <summary>Number of API instances.</summary>
    public int Apis { get; }

    /// <summary>Takes a free client; false when the visitor must wait in line with <see cref="WaitAsync"/>.</summary>
    public bool TryRent(out PooledClient client)
    {
        lock (_idle)
        {
            return _idle.TryDequeue(out client);
        }
    }

    /// <summary>The next one that is returned; null when that takes longer than the timeout.</summary>
    public async ValueTask<PooledClient?> WaitAsync()
    {
        TaskCompletionSource<PooledClient> turn;
        lock (_idle)
        {
            if (_idle.TryDequeue(out var free))
            {
                return free;
            }

            // Not on the thread that returns the client: it has an answer to read.
            turn = new TaskCompletionSource<PooledClient>(TaskCreationOptions.RunContinuationsAsynchronously);
            _line.Enqueue(turn);
        }

        var since = Stopwatch.GetTimestamp();
        var client = await turn.Task;
        if (Stopwatch.GetElapsedTime(since) < _timeout)
        {
            return client;
        }

        Return(client);
        return null;
    }

    /// <summary>Returns a client; the first in line has it next.</summary>
    public void Return(PooledClient client)
    {
        TaskCompletionSource<PooledClient>? next;
        lock (_idle)
        {
            if (!_line.TryDequeue(out next))
            {
                _idle.Enqueue(client);
                return;
            }
        }

        next.SetResult(client);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (client, _) in _clients)
        {
            client.Dispose();
        }

        _http.Dispose();
    }
}

/// <summary>A client of the pool.</summary>
/// <param name="Client">One request at a time.</param>
/// <param name="Api">The instance that it asks.</param>
public readonly record struct PooledClient(StorefrontClient Client, int Api);
