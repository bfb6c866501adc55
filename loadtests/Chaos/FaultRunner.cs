using System.Globalization;
using Dapper;
using Npgsql;
using RabbitMQ.Client;
using Seckill.Shared.Connections;
using Seckill.Shared.Contracts;
using Seckill.Tests.Harness.Clients;

namespace Seckill.Chaos;

/// <summary>Does the faults of a schedule to a stage, each at its time, and undoes each at its end.</summary>
/// <param name="stage">What suffers.</param>
/// <param name="sale">Whose messages come twice.</param>
/// <param name="history">Whose clock counts.</param>
/// <param name="dice">Of the run.</param>
internal sealed class FaultRunner(Stage stage, Sale sale, History history, Random dice)
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _log = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<double> _losses = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _late = new();

    /// <summary>What was done when, and what could not be done.</summary>
    public IReadOnlyCollection<string> Log => _log;

    /// <summary>What Redis answered to commands that came late; empty where none came.</summary>
    public IReadOnlyCollection<string> Late => _late;

    /// <summary>When Redis lost data, and when it answered again.</summary>
    public IReadOnlyCollection<double> Losses => _losses;

    public Task RunAsync(Schedule schedule) => Task.WhenAll(schedule.Faults.Select(fault => RunAsync(fault, schedule.LoadMilliseconds)));

    private async Task RunAsync(Fault fault, int loadMilliseconds)
    {
        await Task.Delay(fault.At);
        try
        {
            _log.Enqueue(Line("begins", fault));
            await InflictAsync(fault, loadMilliseconds);
        }
        catch (Exception exception) when (IsOfTheFaultyKind(exception))
        {
            // Two faults met: the server that this one needs is gone. The run has the other one.
            _log.Enqueue(Line("failed: " + exception.Message, fault));
        }

        _log.Enqueue(Line("is over", fault));
    }

    private string Line(string what, Fault fault) => string.Create(CultureInfo.InvariantCulture, $"{history.Now:0} ms: {fault} {what}");

    private static bool IsOfTheFaultyKind(Exception exception) => exception is NpgsqlException or TimeoutException
        or StackExchange.Redis.RedisException or RabbitMQ.Client.Exceptions.RabbitMQClientException or IOException
        or MassTransit.MassTransitException or OperationCanceledException or InvalidOperationException or Xunit.Sdk.XunitException;

    private async Task InflictAsync(Fault fault, int loadMilliseconds)
    {
        var member = stage.Members.GetValueOrDefault(fault.Target);
        var relay = member?.Relays.GetValueOrDefault(fault.Detail.Split(' ')[0]);
        var last = fault.Detail.Split(' ')[^1];
        switch (fault.Kind)
        {
            case FaultKind.KillProcess:
                await member!.KillAsync();
                await Task.Delay(fault.For);
                await member.StartAsync();
                break;
            case FaultKind.PauseProcess:
                member!.Now.Pause();
                await Task.Delay(fault.For);
                member.Now.Resume();
                break;
            case FaultKind.RestartProcess:
                member!.Now.Resume();
                await member.Now.StopAsync();
                await member.StartAsync();
                break;
            case FaultKind.WrongClock:
                await member!.KillAsync();
                await member.StartAsync(Number(last));
                break;
            case FaultKind.FailPoint:
                member!.ArmFailPoint(last);
                await Task.Delay(fault.For);
                // One that nobody has reached has broken nothing yet.
                while (!member.Now.HasEnded && history.Now < loadMilliseconds)
                {
                    await Task.Delay(20);
                }

                member.DisarmFailPoint();
                await member.StartAsync();
                break;
            case FaultKind.KillServer:
                stage.Machines.Kill(fault.Target);
                await Task.Delay(fault.For);
                await stage.Machines.StartAgainAsync(fault.Target);
                break;
            case FaultKind.PauseServer:
                stage.Machines.Pause(fault.Target);
                await Task.Delay(fault.For);
                stage.Machines.Resume(fault.Target);
                break;
            case FaultKind.CutLink:
                relay!.Refuse();
                await Task.Delay(fault.For);
                relay.Resume();
                break;
            case FaultKind.DelayLink:
                relay!.Delay(TimeSpan.FromMilliseconds(Number(last)));
                await Task.Delay(fault.For);
                relay.Resume();
                break;
            case FaultKind.BlackHoleLink:
                relay!.Freeze(toServer: last == "requests", toClient: last == "replies");
                await Task.Delay(fault.For);
                relay.Resume();
                break;
            case FaultKind.LateCommand:
                var answer = await relay!.HoldBackAsync(
                    OperatorScripts.Sha1Of(stage.Root, last), TimeSpan.FromMilliseconds(fault.For), () => history.Now > loadMilliseconds);
                _late.Enqueue(answer ?? "");
                _log.Enqueue(Line($"was answered {answer ?? "nothing"}", fault));
                break;
            case FaultKind.DiskFull:
                await stage.DiskFullAsync(true);
                await Task.Delay(fault.For);
                await stage.DiskFullAsync(false);
                break;
            case FaultKind.SwallowLegacyRows:
                await stage.SwallowLegacyRowsAsync(true);
                await Task.Delay(fault.For);
                await stage.SwallowLegacyRowsAsync(false);
                break;
            case FaultKind.RepeatMessages:
                await RepeatMessagesAsync();
                break;
            case FaultKind.PurgeQueue:
                await PurgeAsync();
                break;
            case FaultKind.LoseRedisTail:
                await stage.Machines.KillForAsync("redis", () =>
                {
                    CutTail(Number(last));
                    _losses.Enqueue(history.Now);
                });
                _losses.Enqueue(history.Now);
                break;
            case FaultKind.PromoteStaleReplica:
                var replica = stage.Machines.CopyRedis();
                await Task.Delay(fault.For);
                await stage.Machines.KillForAsync("redis", () =>
                {
                    stage.Machines.ReplaceRedis(replica);
                    _losses.Enqueue(history.Now);
                });
                _losses.Enqueue(history.Now);
                break;
            case FaultKind.EmptyRedis:
                _losses.Enqueue(history.Now);
                await stage.Direct.Redis.ExecuteAsync("FLUSHALL").WaitAsync(TimeSpan.FromSeconds(2));
                _losses.Enqueue(history.Now);
                break;
        }
    }

    // Whatever became of the orders meanwhile: paid, cancelled, returned and sold again.
    private async Task RepeatMessagesAsync()
    {
        await using var database = await stage.Direct.Orders.OpenConnectionAsync();
        foreach (var sku in sale.Skus)
        {
            var orders = (await database.QueryAsync<(string Id, long User, int Quantity, DateTime At)>(
                "select order_id, user_id, quantity, reserved_at from orders where sale_id = @Id and sku_id = @sku limit 500",
                new { sale.Id, sku })).Select(row => new ReservedOrder(row.Id, row.User, row.Quantity, row.At)).ToArray();
            lock (dice)
            {
                dice.Shuffle(orders);
            }

            foreach (var batch in orders.Chunk(40))
            {
                await stage.Publisher.PublishAsync(new OrdersReserved(sale.Id, sku, Sale.UnitPrice, "EUR", batch));
            }
        }
    }

    private async Task PurgeAsync()
    {
        var factory = new ConnectionFactory { Uri = new Uri(stage.Machines[Servers.RabbitMqSetting]) };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueuePurgeAsync(OrdersReservedPublisher.QueueName);
    }

    private void CutTail(int bytes)
    {
        var file = stage.Machines.RedisFiles
            .EnumerateFiles("*.incr.aof").OrderBy(incremental => incremental.LastWriteTimeUtc).Last();
        using var stream = file.Open(FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.SetLength(Math.Max(0, stream.Length - bytes));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
