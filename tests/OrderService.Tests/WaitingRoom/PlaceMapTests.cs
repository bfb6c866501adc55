using Seckill.OrderService.WaitingRoom;

namespace Seckill.OrderService.Tests.WaitingRoom;

/// <summary>Promise: a buyer's place is found while others are added. Broken by a reader who meets the map while it grows.</summary>
public sealed class PlaceMapTests
{
    [Fact]
    public void Every_user_has_the_latest_place()
    {
        var map = new PlaceMap();
        var users = Enumerable.Range(0, 20_000).Select(_ => TestItem.NewId()).ToArray();
        for (var i = 0; i < users.Length; i++)
        {
            Assert.Equal(-1, map.Find(users[i]));
            map.Set(users[i], i);
        }

        map.Set(users[7], 50_000);
        // Late news of the place before.
        map.Set(users[7], 7);
        Assert.Equal(50_000, map.Find(users[7]));
        Assert.All(Enumerable.Range(8, users.Length - 8), i => Assert.Equal(i, map.Find(users[i])));
    }

    [Fact]
    public async Task Readers_find_what_was_there_before_they_asked_while_it_grows()
    {
        var map = new PlaceMap();
        var known = 0;
        var readers = Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            int upTo;
            while ((upTo = Volatile.Read(ref known)) < 200_000)
            {
                var user = random.Next(0, upTo + 1);
                Assert.True(user >= upTo || map.Find(user + 1) == user, $"user {user} of {upTo}");
            }
        })).ToArray();
        for (var user = 0; user < 200_000; user++)
        {
            map.Set(user + 1, user);
            Volatile.Write(ref known, user + 1);
        }

        await Task.WhenAll(readers);
    }
}
