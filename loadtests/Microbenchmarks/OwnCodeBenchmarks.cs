using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.ObjectPool;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.Storefront;
using Seckill.Shared.Stock;

namespace Seckill.Microbenchmarks;

/// <summary>
/// What Seckill's own code does for a request that is accepted, without the libraries and servers in between: the pooled reservation
/// from its start to the buyer who awaited it, its place in a batch, and the body of the answer, whose buffers each thread keeps.
/// </summary>
public class OwnCodeBenchmarks
{
    private const int Requests = 256;

    private static readonly ReservationResult s_result = new(ReserveOutcome.Reserved)
    {
        OrderId = new string('0', OrderId.Length),
        Terms = new ItemTerms("00000001", 19_900, "EUR", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 900),
    };

    private readonly Reservation[] _reservations = new Reservation[Requests];
    private readonly ValueTask<ReservationResult>[] _waiting = new ValueTask<ReservationResult>[Requests];
    private ObjectPool<Reservation> _pool = null!;
    private ReserveBatch _batch = null!;

    /// <summary>Whether requests and batches are used again, as in the product; else each is new.</summary>
    [Params(true, false)]
    public bool Pooling { get; set; }

    /// <summary>Empty pools.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _pool = new DefaultObjectPool<Reservation>(new Policy(this), Requests);
        _batch = new ReserveBatch(Requests);
    }

    /// <summary>A batch of requests, all accepted.</summary>
    [Benchmark(OperationsPerInvoke = Requests)]
    public async Task<int> AcceptedRequest()
    {
        for (var i = 0; i < Requests; i++)
        {
            var reservation = _reservations[i] = _pool.Get();
            reservation.Start(100_000 + i, 1, null);
#pragma warning disable CA2012 // Each is awaited once, below.
            _waiting[i] = reservation.WaitAsync(CancellationToken.None);
#pragma warning restore CA2012
            _batch.Add(reservation.Suffix, reservation.UserId, reservation.Quantity, reservation.IdempotencyKey);
        }

        foreach (var reservation in _reservations)
        {
            reservation.TryDecide(s_result);
            reservation.LeaveQueue();
        }

        var bytes = 0;
        for (var i = 0; i < Requests; i++)
        {
            var result = await _waiting[i];
            bytes += PlaceOrderAnswer.Render(new ItemKey(1, 1001), 1, result).Length;
        }

        if (Pooling)
        {
            _batch.Clear();
        }
        else
        {
            _batch = new ReserveBatch(Requests);
        }

        return bytes;
    }

    private sealed class Policy(OwnCodeBenchmarks benchmarks) : PooledObjectPolicy<Reservation>
    {
        public override Reservation Create() => new(benchmarks._pool);

        public override bool Return(Reservation reservation) => benchmarks.Pooling;
    }
}
