using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Seckill.Shared.Hosting;

namespace Seckill.Shared.Tests.Hosting;

/// <summary>
/// Every background loop is this one. Broken by an exception that ends the service and with it the process, by rounds that drift or pile
/// up, by an outage that fills the log, and by a stop that is reported as a failure.
/// </summary>
public sealed class PeriodicServiceTests
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);
    private readonly CountingClock _clock = new();
    private int _pauses;

    [Fact]
    public async Task A_round_runs_once_in_each_interval()
    {
        using var service = new Service(_clock);
        await service.StartAsync(CancellationToken.None);
        Assert.Equal(0, service.Rounds);
        for (var round = 1; round <= 3; round++)
        {
            await AdvanceAsync(s_interval);
            await service.HasRunAsync(round);
        }

        await AdvanceAsync(s_interval / 2);
        Assert.Equal(3, service.Rounds);
        await service.StopAsync(CancellationToken.None).InTime();
    }

    [Fact]
    public async Task The_first_round_can_run_at_once()
    {
        using var service = new Service(_clock, atOnce: true);
        await service.StartAsync(CancellationToken.None);
        await service.HasRunAsync(1);
        await service.StopAsync(CancellationToken.None).InTime();
    }

    [Fact]
    public async Task The_interval_counts_from_start_to_start_and_a_long_round_is_followed_at_once()
    {
        using var service = new Service(_clock, atOnce: true);
        service.OnRound = round =>
        {
            // The first takes less than the interval, the second more.
            _clock.Advance(round == 1 ? s_interval / 2 : round == 2 ? 2 * s_interval : TimeSpan.Zero);
            return Task.CompletedTask;
        };
        await service.StartAsync(CancellationToken.None);
        await service.HasRunAsync(1);
        await AdvanceAsync(s_interval / 2);
        await service.HasRunAsync(3);
        await service.StopAsync(CancellationToken.None).InTime();
    }

    [Fact]
    public async Task A_failure_never_ends_the_service_and_is_new_only_once_in_an_outage()
    {
        using var service = new Service(_clock, atOnce: true);
        service.OnRound = round => round switch
        {
            1 => throw new TimeoutException("2001 ms"),
            2 => throw new TimeoutException("2002 ms"),
            // The client of the broker throws it, and no caller has cancelled anything.
            3 => throw new OperationCanceledException(),
            4 => throw new PostgresException("starting up", "FATAL", "FATAL", "57P03"),
            5 => throw new PostgresException("disk full", "ERROR", "ERROR", "53100"),
            6 => Task.CompletedTask,
            7 => throw new PostgresException("disk full", "ERROR", "ERROR", "53100"),
            _ => Task.CompletedTask,
        };
        await service.StartAsync(CancellationToken.None);
        for (var round = 1; round <= 8; round++)
        {
            await service.HasRunAsync(round);
            await AdvanceAsync(s_interval);
        }

        Assert.Equal([false, true, false, false, false, false], service.Failures);
        Assert.Equal(5, service.Outages);
        Assert.False(service.ExecuteTask!.IsCompleted);
        await service.StopAsync(CancellationToken.None).InTime();
    }

    // Broken by a first start that warns of every table, and by a table that is lost later and never reported.
    [Fact]
    public async Task A_table_that_is_not_there_is_reported_after_the_first_minute_alone()
    {
        using var service = new Service(_clock, atOnce: true);
        service.OnRound = _ => throw new PostgresException("relation does not exist", "ERROR", "ERROR", "42P01");
        await service.StartAsync(CancellationToken.None);
        for (var round = 1; round <= 6; round++)
        {
            await service.HasRunAsync(round);
            Assert.Empty(service.Failures);
            await AdvanceAsync(s_interval);
        }

        await service.HasRunAsync(7);
        await AdvanceAsync(s_interval);
        Assert.Equal([false], service.Failures.Take(1));
        await service.StopAsync(CancellationToken.None).InTime();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stop_is_quiet_during_a_pause_and_during_a_round(bool duringARound)
    {
        using var service = new Service(_clock, atOnce: duringARound);
        service.OnRound = _ => Task.Delay(Timeout.Infinite, service.Stopping);
        await service.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync("the round or the pause has begun", () => (duringARound ? service.Rounds : _clock.Timers) == 1);
        await service.StopAsync(CancellationToken.None).InTime();
        Assert.True(service.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Empty(service.Failures);
    }

    // Ends the next pause, or a part of it: a clock that moves before the pause has begun would not end it.
    private async Task AdvanceAsync(TimeSpan by)
    {
        _pauses++;
        await Eventually.IsTrueAsync($"pause {_pauses} has begun", () => _clock.Timers >= _pauses);
        _clock.Advance(by);
    }

    private sealed class CountingClock : FakeTimeProvider
    {
        private int _timers;

        public int Timers => Volatile.Read(ref _timers);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _timers);
            return timer;
        }
    }

    private sealed class Service(TimeProvider clock, bool atOnce = false) : PeriodicService(clock)
    {
        private int _rounds;

        public Func<int, Task> OnRound { get; set; } = _ => Task.CompletedTask;

        public List<bool> Failures { get; } = [];

        public int Outages { get; private set; }

        public CancellationToken Stopping { get; private set; }

        public int Rounds => Volatile.Read(ref _rounds);

        protected override TimeSpan Interval => s_interval;

        protected override bool StartsAtOnce => atOnce;

        public Task<TimeSpan> HasRunAsync(int rounds) => Eventually.IsTrueAsync($"round {rounds} has run", () => Rounds >= rounds);

        protected override Task RunRoundAsync(CancellationToken stoppingToken)
        {
            Stopping = stoppingToken;
            return OnRound(Interlocked.Increment(ref _rounds));
        }

        protected override void OnFailure(Exception exception, bool isRepeated)
        {
            Failures.Add(isRepeated);
            base.OnFailure(exception, isRepeated);
        }

        protected override void OnOutage(Exception exception) => Outages++;
    }
}
