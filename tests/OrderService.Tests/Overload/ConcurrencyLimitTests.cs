using Seckill.OrderService.Overload;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// The law by which the limit follows the waits, with a simulated Redis and rounds of 50 ms, so that no clock and no busy machine has a
/// say. Broken by a limit that does not come down, comes down to nothing, or stays down when the crowd has gone.
/// </summary>
public sealed class ConcurrencyLimitTests
{
    private const int RoundsOfASecond = 20;
    private readonly OverloadOptions _options = new()
    {
        TargetCpuWaitMilliseconds = 100, MinConcurrency = 100, InitialConcurrency = 2_000, MaxConcurrency = 10_000,
    };
    private ConcurrencyLimit? _limit;

    private ConcurrencyLimit Limit => _limit ??= new ConcurrencyLimit(_options);

    [Theory]
    [InlineData(1_000)]
    [InlineData(10_000)]
    [InlineData(50_000)]
    public void A_crowd_of_any_size_waits_as_long_as_it_should_and_the_server_has_always_work(int served)
    {
        var server = new SimulatedServer(served);
        server.Meet(Limit, _options, arrivals: 10 * served, rounds: 5 * RoundsOfASecond);
        var (wait, idle) = server.Meet(Limit, _options, arrivals: 10 * served, rounds: 5 * RoundsOfASecond);
        var ofTheLeast = 1_000.0 * _options.MinConcurrency / served;
        Assert.InRange(wait.TotalMilliseconds, 20, (1.3 * _options.TargetQueueWaitMilliseconds) + ofTheLeast);
        Assert.Equal(0, idle);
    }

    [Fact]
    public void A_server_that_is_three_times_slower_admits_a_third_within_a_second()
    {
        var server = new SimulatedServer(served: 30_000);
        server.Meet(Limit, _options, arrivals: 100_000, rounds: 5 * RoundsOfASecond);
        var before = Limit.Value;
        server.Served /= 3;
        server.Meet(Limit, _options, arrivals: 100_000, rounds: RoundsOfASecond);
        Assert.InRange(Limit.Value, before / 6, before / 2);
    }

    [Fact]
    public void One_late_round_changes_nothing_and_two_do()
    {
        Round(queueMilliseconds: 600, inFlight: 2_000);
        Assert.Equal(2_000, Limit.Value);
        Round(queueMilliseconds: 600, inFlight: 2_000);
        Assert.Equal(1_000, Limit.Value);
    }

    [Fact]
    public void However_long_the_waits_are_the_least_is_admitted()
    {
        for (var i = 0; i < 1_000; i++)
        {
            Round(queueMilliseconds: 100_000, cpuMilliseconds: 100_000, inFlight: (int)Limit.Value, hasShed: true);
        }

        Assert.Equal(_options.MinConcurrency, Limit.Value);
        Assert.True(Limit.IsExhausted);
    }

    [Fact]
    public void A_maximum_below_the_minimum_counts()
    {
        _options.MaxConcurrency = 1;
        Round(queueMilliseconds: 0, inFlight: 1, hasShed: true);
        Assert.Equal(1, Limit.Value);
    }

    [Fact]
    public void Who_waits_for_a_processor_alone_is_shed_slowly()
    {
        Round(cpuMilliseconds: 10_000, inFlight: 2_000);
        Round(cpuMilliseconds: 10_000, inFlight: 2_000);
        Assert.Equal(1_800, Limit.Value, tolerance: 1);
    }

    [Fact]
    public void A_long_wait_while_hardly_anybody_is_there_does_not_lower_the_limit()
    {
        for (var i = 0; i < 100; i++)
        {
            Round(queueMilliseconds: 1_000, cpuMilliseconds: 1_000, inFlight: 3);
        }

        Assert.Equal(2_000, Limit.Value);
    }

    [Fact]
    public void Nobody_needs_to_come_for_the_limit_to_recover_within_five_seconds()
    {
        _options.MinConcurrency = 1;
        for (var i = 0; i < 200; i++)
        {
            Round(queueMilliseconds: 10_000, inFlight: (int)Limit.Value, hasShed: true);
        }

        Assert.Equal(1, Limit.Value);
        var rounds = 0;
        for (; Limit.Value < 2_000 && rounds < 1_000; rounds++)
        {
            Round();
        }

        Assert.InRange(rounds, 1, 5 * RoundsOfASecond);
        Round();
        // No further: nobody has shown that more would do.
        Assert.Equal(2_000, Limit.Value);
    }

    [Fact]
    public void Those_who_are_served_in_time_raise_the_limit_to_its_maximum()
    {
        for (var i = 0; i < 5 * RoundsOfASecond; i++)
        {
            Round(queueMilliseconds: 5, inFlight: (int)Limit.Value);
        }

        Assert.Equal(_options.MaxConcurrency, Limit.Value);
    }

    private void Round(double queueMilliseconds = 0, double cpuMilliseconds = 0, int inFlight = 0, bool hasShed = false) => Limit.Update(
        _options,
        new MeasuredLoad(TimeSpan.FromMilliseconds(queueMilliseconds), TimeSpan.FromMilliseconds(cpuMilliseconds), inFlight, hasShed));

    /// <summary>Serves so many a second, the oldest first.</summary>
    private sealed class SimulatedServer(int served)
    {
        private const double Seconds = 1.0 / RoundsOfASecond;
        private double _inFlight;

        public double Served { get; set; } = served;

        /// <returns>The mean wait in the second half of the rounds, and in how many of these the server had nothing to do.</returns>
        public (TimeSpan Wait, int Idle) Meet(ConcurrencyLimit limit, OverloadOptions options, int arrivals, int rounds)
        {
            var (waits, idle) = (0.0, 0);
            for (var round = 0; round < rounds; round++)
            {
                // Whoever leaves is replaced at once, as long as enough come.
                var room = Math.Max(0, limit.Value - _inFlight + (Served * Seconds));
                var admitted = Math.Min(arrivals * Seconds, room);
                _inFlight = Math.Max(0, _inFlight + admitted - (Served * Seconds));
                var wait = _inFlight / Served;
                limit.Update(
                    options, new MeasuredLoad(TimeSpan.FromSeconds(wait), default, (int)_inFlight, admitted < arrivals * Seconds));
                (waits, idle) = round < rounds / 2 ? (0, 0) : (waits + wait, idle + (_inFlight <= 0 ? 1 : 0));
            }

            return (TimeSpan.FromSeconds(waits / (rounds - (rounds / 2))), idle);
        }
    }
}
