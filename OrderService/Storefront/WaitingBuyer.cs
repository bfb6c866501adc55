using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.ObjectPool;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Storefront;

/// <summary>
/// A buyer who waits for a reservation: the state that an asynchronous method would keep until the answer, but pooled. The wait
/// allocates only the task that the web server awaits.
/// </summary>
internal sealed class WaitingBuyer
{
    private readonly PlaceOrderAnswer _answer;
    private readonly OverloadController _overload;
    private readonly ObjectPool<WaitingBuyer> _pool;
    private readonly Action _continue;
    private AsyncTaskMethodBuilder _request;
    private ValueTaskAwaiter<ReservationResult> _reservation;
    private HttpContext? _http;
    private ItemKey _item;
    private int _quantity;
    private Activity? _trace;

    private WaitingBuyer(PlaceOrderAnswer answer, OverloadController overload, ObjectPool<WaitingBuyer> pool)
    {
        (_answer, _overload, _pool) = (answer, overload, pool);
        _continue = Continue;
    }

    /// <summary>A pool of waiting buyers; each returns itself.</summary>
    public static ObjectPool<WaitingBuyer> NewPool(PlaceOrderAnswer answer, OverloadController overload, int capacity)
    {
        var policy = new Policy(answer, overload);
        return policy.Pool = new DefaultObjectPool<WaitingBuyer>(policy, capacity);
    }

    /// <summary>Ends when the buyer, who has been let in, is answered. The object then returns itself to its pool.</summary>
    public Task WaitAsync(HttpContext http, ItemKey item, int quantity, in ValueTask<ReservationResult> reservation, Activity? trace)
    {
        (_http, _item, _quantity, _trace) = (http, item, quantity, trace);
        _request = AsyncTaskMethodBuilder.Create();
        _reservation = reservation.GetAwaiter();
        // Read before anything can complete it; a copy of the builder refers to the same task.
        var task = _request.Task;
        _reservation.UnsafeOnCompleted(_continue);
        return task;
    }

    private void Continue()
    {
        var (http, request) = (_http!, _request);
        _overload.Leave();
        Task answering;
        try
        {
            answering = _answer.WriteAsync(http, _item, _quantity, _reservation.GetResult(), _trace);
        }
#pragma warning disable CA1031 // Whatever fails, the buyer gets an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            answering = ServiceHost.AnswerAsync(http, exception);
        }

        (_http, _request, _reservation, _trace) = (null, default, default, null);
        _pool.Return(this);
        if (answering.IsCompletedSuccessfully)
        {
            request.SetResult();
        }
        else
        {
            _ = EndAsync(request, answering);
        }
    }

    private static async Task EndAsync(AsyncTaskMethodBuilder request, Task answering)
    {
        try
        {
            await answering;
            request.SetResult();
        }
#pragma warning disable CA1031 // The web server handles it, as it would from an asynchronous method.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            request.SetException(exception);
        }
    }

    private sealed class Policy(PlaceOrderAnswer answer, OverloadController overload) : PooledObjectPolicy<WaitingBuyer>
    {
        public ObjectPool<WaitingBuyer>? Pool { get; set; }

        public override WaitingBuyer Create() => new(answer, overload, Pool!);

        public override bool Return(WaitingBuyer buyer) => true;
    }
}
