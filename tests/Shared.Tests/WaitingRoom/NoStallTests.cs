using Seckill.Shared.WaitingRoom;

namespace Seckill.Shared.Tests.WaitingRoom;

/// <summary>
/// Promise: a sale with a waiting room sells every unit that somebody in the room wants, and nobody is served ahead of a better place whose
/// owner came. Random sales against the real script: arrivals, buyers who leave, who come late or never, who buy several, who give units
/// back, processes that lose what they knew, operators who pause. Broken by any rule of the admission that waits for somebody who is gone.
/// </summary>
public sealed class NoStallTests
{
    private const int PassSeconds = 6;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task Every_unit_is_sold_in_order_whoever_leaves(int seed)
    {
        var random = new Random(seed);
        var room = new RoomWorld();
        await room.OpenAsync(rate: random.Next(1, 30), PassSeconds);
        await room.PassAsync(1_000);
        var allocated = random.Next(5, 60);
        var (units, taken) = (allocated, 0L);
        var (comes, most) = (0.2 + (0.8 * random.NextDouble()), random.Next(1, 4));
        var buyers = new List<Buyer>();
        var admittedAt = new List<int>();
        var (quiet, returned, expired) = (0, 0, 0);
        for (var second = 0; second < 3_000; second++)
        {
            // Enough buyers for all units, whatever the share that comes.
            if (buyers.Count < 20 * allocated)
            {
                var arrive = Enumerable.Range(buyers.Count, random.Next(0, 40)).ToList();
                if (arrive.Count > 0)
                {
                    var places = await room.RegisterAsync([.. arrive.Select(user => new RoomRegistration(user + 1, -1, ""))]);
                    Assert.Equal(arrive.AsEnumerable(), places);
                    buyers.AddRange(arrive.Select(_ => new Buyer(
                        random.NextDouble() < comes, random.Next(0, PassSeconds - 1), random.Next(1, most + 1))));
                }
            }

            // An instance dies with what it knew of used passes, now and then.
            var used = Buy(second);
            used = random.Next(10) == 0 ? [] : used;
            await room.PassAsync(random.Next(300, 1_500));
            (var more, var served, expired, _) = await room.AdmitAsync(units, taken, used: used);
            Assert.InRange(served, expired, buyers.Count);
            Assert.Equal(more, served - admittedAt.Count);
            admittedAt.AddRange(Enumerable.Repeat(second, more));
            if (units > 0 && returned < 3 && random.Next(40) == 0 && units < allocated)
            {
                // Somebody did not pay.
                (units, returned) = (units + 1, returned + 1);
            }

            quiet = more == 0 && units > 0 && served < buyers.Count ? quiet + 1 : 0;
            Assert.True(quiet <= 6 * PassSeconds, $"second {second}: {units} units, {buyers.Count - served} wait, and nobody comes in");
            if (units == 0 && random.Next(20) == 0)
            {
                break;
            }
        }

        Assert.Equal(0, units);
        // Of two who came in time for one unit, the one behind has none unless the one ahead has.
        var last = buyers.FindLastIndex(buyer => buyer.Bought);
        var passedOver = buyers.Take(last).Select((buyer, i) => (buyer, i))
            .Where(one => one.buyer is { WasRefused: true, Bought: false, WantedOne: true } && admittedAt[one.i] < admittedAt[last]);
        Assert.Empty(passedOver.Select(one => $"position {one.i} came and has nothing, and position {last} has"));

        int[] Buy(int second)
        {
            var bought = new List<int>();
            for (var i = expired; i < admittedAt.Count; i++)
            {
                var buyer = buyers[i];
                if (!buyer.Comes || buyer.Bought || second < admittedAt[i] + buyer.ComesAfter)
                {
                    continue;
                }

                if (units >= buyer.Wants)
                {
                    (units, taken) = (units - buyer.Wants, taken + buyer.Wants);
                    buyer.Bought = true;
                    bought.Add(i);
                }
                else
                {
                    // Who cannot have two takes one next time.
                    buyer.WasRefused = true;
                    buyer.Wants = Math.Max(1, buyer.Wants - 1);
                }
            }

            return [.. bought];
        }
    }

    private sealed class Buyer(bool comes, int comesAfter, int wants)
    {
        public bool Comes => comes;
        public int ComesAfter => comesAfter;
        public int Wants { get; set; } = wants;
        public bool Bought { get; set; }
        public bool WantedOne { get; } = wants == 1;
        public bool WasRefused { get; set; }
    }
}
