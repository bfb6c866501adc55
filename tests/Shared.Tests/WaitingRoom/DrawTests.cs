using Seckill.Shared.WaitingRoom;

namespace Seckill.Shared.Tests.WaitingRoom;

/// <summary>
/// Promise: the seed of a draw depends on nothing that anyone can change any more when it becomes known: first the participants are fixed,
/// then their root, then, at least half a second later, the secret. Broken by a step that may come first, or twice with another value.
/// </summary>
public sealed class DrawTests
{
    private static readonly string s_root = new('2', 64);
    private static readonly string s_seed = new('5', 64);
    private readonly RoomWorld _room = new();
    private readonly RoomLedger _rooms = new(Servers.Redis);
    private string _commitment = "";

    [Fact]
    public async Task Nothing_is_recorded_before_the_participants_are_fixed()
    {
        await OpenAsync(isSealed: false);
        Assert.False(await DrawAsync(s_root, null));
        Assert.False(await DrawAsync(s_root, s_seed));
        Assert.Equal((null, null), await ReadAsync());
    }

    [Fact]
    public async Task The_seed_comes_after_the_root()
    {
        await OpenAsync();
        Assert.False(await DrawAsync(s_root, s_seed));
        Assert.Equal((null, null), await ReadAsync());
        Assert.True(await DrawAsync(s_root, null));
        Assert.Equal((s_root, null), await ReadAsync());
    }

    [Fact]
    public async Task The_seed_waits_until_the_root_was_public_for_its_time()
    {
        await OpenAsync();
        await DrawAsync(s_root, null);
        Assert.False(await DrawAsync(s_root, s_seed, between: TimeSpan.FromHours(1)));
        Assert.Equal((s_root, null), await ReadAsync());
        Assert.True(await DrawAsync(s_root, s_seed));
        Assert.Equal((s_root, s_seed), await ReadAsync());
    }

    [Fact]
    public async Task Each_step_may_be_repeated_and_none_with_another_value()
    {
        await OpenAsync();
        await DrawAsync(s_root, null);
        Assert.True(await DrawAsync(s_root, null));
        await RefusesAsync(() => DrawAsync(new string('3', 64), null));
        await RefusesAsync(() => DrawAsync(new string('3', 64), s_seed));
        await RefusesAsync(() => DrawAsync(s_root, s_seed, count: 3));
        await RefusesAsync(() => DrawAsync(s_root, s_seed, commitment: "another"));
        Assert.True(await DrawAsync(s_root, s_seed));
        Assert.True(await DrawAsync(s_root, s_seed));
        await RefusesAsync(() => DrawAsync(s_root, new string('6', 64)));
        Assert.Equal((s_root, s_seed), await ReadAsync());
    }

    [Fact]
    public async Task A_seed_with_another_beacon_than_the_room_has_is_not_recorded()
    {
        await OpenAsync();
        await DrawAsync(s_root, null);
        await Servers.Database.HashSetAsync(_room.Keys.Room, "beacon", "1 2 3");
        Assert.False(await DrawAsync(s_root, s_seed));
        Assert.False(await DrawAsync(s_root, s_seed, beacon: "4 5 6"));
        Assert.Equal((s_root, null), await ReadAsync());
        Assert.True(await DrawAsync(s_root, s_seed, beacon: "1 2 3"));
    }

    [Fact]
    public async Task Who_registers_after_the_participants_were_fixed_is_not_in_the_draw_whichever_call_fixed_them()
    {
        await _room.OpenAsync(1, 5, isDrawn: false);
        await _room.RegisterAsync(new RoomRegistration(1, RoomRegistration.Keeps, ""));
        await _room.PassAsync(1_000);
        await _room.AdmitAsync(5);
        Assert.Equal(1, (await _rooms.LookAsync(_room.SaleId, 0, 0))!.State.Sealed);
        await _room.RegisterAsync(new RoomRegistration(2, RoomRegistration.Keeps, ""));
        var state = (await _rooms.LookAsync(_room.SaleId, 0, 0))!.State;
        Assert.Equal((1, 2), (state.Sealed, state.Places));
    }

    private async Task OpenAsync(bool isSealed = true)
    {
        await _room.OpenAsync(1, 5, isDrawn: false);
        if (isSealed)
        {
            await Servers.Database.HashSetAsync(_room.Keys.Room, "sealed", 2);
        }

        _commitment = (await _rooms.LookAsync(_room.SaleId, 0, 0))!.State.Commitment;
    }

    private Task<bool> DrawAsync(
        string root, string? seed, int count = 2, string? commitment = null, string beacon = "", TimeSpan between = default) =>
        _rooms.DrawAsync(_room.SaleId, commitment ?? _commitment, count, root, seed, beacon, between);

    private async Task<(string? Root, string? Seed)> ReadAsync()
    {
        var state = (await _rooms.LookAsync(_room.SaleId, 0, 0))!.State;
        return (state.Root, state.Seed);
    }

    private static Task<InvalidOperationException> RefusesAsync(Func<Task<bool>> draw) =>
        Assert.ThrowsAsync<InvalidOperationException>(draw);
}
