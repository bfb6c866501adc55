using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: a script that fails changes nothing. Redis does not roll a script back, so a key of a wrong type or a value that is not a
/// number must be found before the first write. Broken by one read too late: the holds are gone, and their units never come back.
/// </summary>
public sealed class ScriptAtomicityTests
{
    private const string NumberOfItem = "00000001";
    private static readonly string s_order = OrderNumber('a');
    private static readonly string s_unlisted = OrderNumber('b');
    private static readonly string s_other = OrderNumber('c');
    private static readonly string s_withoutHold = OrderNumber('d');

    // Absent, no number, no whole number, and one that no increment fits.
    private static readonly string?[] s_badValues = [null, "", "abc", "1.5", "9223372036854775807"];

    private static readonly Dictionary<string, Dictionary<string, string>> s_hashes = new()
    {
        ["item"] = new()
        {
            ["available"] = "97", ["held"] = "3", ["allocated"] = "100", ["number"] = NumberOfItem, ["price"] = "4999",
            ["currency"] = "EUR", ["opens"] = "0", ["closes"] = "9000000000000", ["state"] = "open", ["limit"] = "9",
            ["payment_timeout"] = "900", ["epoch"] = "1", ["released"] = "1", ["repairs"] = "4", ["rebuild"] = "token",
            ["after"] = "closed", ["logged"] = "3", ["log"] = "1", ["seq"] = "6",
            ["orders_per_user"] = "9", ["cool_down"] = "1",
        },
        ["buyers"] = new() { ["7"] = "2", ["8"] = "1" },
        ["holds"] = new() { [s_order] = "7:1:1000", [s_unlisted] = "7:1:1000", [s_other] = "8:1:1000" },
        ["orders"] = new() { ["7"] = s_order, ["8"] = s_other },
        ["keys"] = new() { ["7 key"] = s_order + " 1 1000", ["9"] = "999" },
        ["returned"] = new() { ["7"] = "2 1000", ["9"] = "1 1000" },
        ["withdrawals"] = new() { ["earlier 1"] = "-5" },
        ["alerts"] = new() { ["low"] = "1 above", ["sold_out"] = "1 5" },
        ["room"] = new()
        {
            ["commitment"] = "c0ffee", ["secret"] = "5ec2e7", ["opens"] = "0", ["draws"] = "1000", ["mode"] = "open", ["version"] = "1",
            ["rate"] = "10", ["pass_ms"] = "1000", ["group_limit"] = "5", ["sealed"] = "2", ["seed"] = "5eed",
            ["served"] = "2", ["expired"] = "0", ["step"] = "0", ["clock"] = "2000", ["tick_at"] = "1000",
            ["moved_at"] = "1000", ["came"] = "1", ["gone"] = "1", ["buyers"] = "1", ["bought"] = "1", ["taken"] = "1", ["units"] = "5",
            ["units_at"] = "1000", ["closed"] = "0", ["beacon"] = "",
        },
        ["places"] = new() { ["7"] = "0", ["8"] = "1" },
        ["groups"] = new() { ["family"] = "1" },
        ["mark"] = new() { ["store"] = "store", ["value"] = "5" },
    };

    private static readonly string[] s_keys = [.. s_hashes.Keys, "outbox", "changes", "log", "registrations", "steps", "used"];

    /// <summary>A call of each script that reaches its last write and reads no more than it must: each buyer is a new one.</summary>
    private static readonly Dictionary<string, RedisValue[]> s_calls = new()
    {
        ["admit.lua"] = [50, "0", 3, 2000, 1],
        ["adjust.lua"] = ["1:1", "change 1", -500, "change", 1, 1],
        ["audit_buyers.lua"] = [0, 100, 100],
        ["audit_holds.lua"] = [0, 100],
        ["audit_outbox.lua"] = [0, 100],
        ["claim.lua"] = [0, 10, 1000],
        ["close.lua"] = [1],
        ["correct.lua"] = [4, 1, 1, 1],
        ["draw.lua"] = ["c0ffee", 2, "4007", "", 500, ""],
        ["edit.lua"] = [1, "open", "price", 4999],
        ["fence.lua"] = ["", 1, "allocated", 100],
        ["inspect.lua"] = [],
        ["inspect_log.lua"] = [],
        ["look.lua"] = [0, 0, 100],
        ["mark.lua"] = ["another", "store", 0],
        ["mend_buyer.lua"] = [7, s_unlisted],
        ["notice.lua"] = [0.99, 1000],
        ["register.lua"] = [3, 9, -1, "family", 10, -1, "", 7, 0, ""],
        ["rehearse.lua"] = [60_000, "available", 100],
        ["rehold.lua"] = [9_000_000_000_000, s_withoutHold, 7, 1, 1000, OrderNumber('e'), 9, 1, 1000],
        ["release.lua"] = ["1:1", 1, s_order, s_other],
        ["reopen.lua"] = ["token", 2, "open", "1:1"],
        ["requeue.lua"] = [s_order],
        ["reserve.lua"] =
            [
                100, -3, 1, 6, new string('e', 24), 9, 1, "new key", 1000, new string('f', 24), 10, 1, "", -1,
                new string('0', 24), 7, 1, "key", 0,
            ],
        ["restore_returns.lua"] = ["token", s_order, 7, 2000, s_withoutHold, 9, 2000, OrderNumber('e'), 10, 1000],
        ["restore_turns.lua"] = [7, 1000, 9, 2000],
        ["reset.lua"] = ["token", 100, "price", 4999],
        ["settle.lua"] = [s_withoutHold, s_order],
        ["told.lua"] = ["sold_out", 1],
        ["warm.lua"] = [1, 1, "available", 100],
        ["warm_room.lua"] = [2, "paused", 20, "value", 5, 6, "commitment", "another"],
    };

    private readonly string _tag = $"seckill:{{{new TestItem().Key}}}:";

    [Theory]
    [MemberData(nameof(ScriptContractTests.Scripts), MemberType = typeof(ScriptContractTests))]
    public async Task The_call_that_these_tests_make_gets_as_far_as_a_write(string script)
    {
        var (_, body) = ScriptContractTests.Read(script);
        var (error, changed) = await RunAsync(script, _ => { });
        Assert.Null(error);
        Assert.Equal(ScriptContractTests.Writes(body), changed.Count > 0);
    }

    [Theory]
    [MemberData(nameof(ScriptContractTests.Scripts), MemberType = typeof(ScriptContractTests))]
    public async Task A_key_of_a_wrong_type_fails_the_call_and_nothing_is_changed(string script)
    {
        var (header, _) = ScriptContractTests.Read(script);
        foreach (var key in ScriptContractTests.KeyNames(header))
        {
            var (error, changed) = await RunAsync(script, database =>
            {
                database.KeyDeleteAsync(_tag + key);
                // As no other key is: a bitmap.
                database.StringSetBitAsync(_tag + key, 7, true);
            });
            // What a script deletes as a whole may be of any type, if its header says so.
            var mended = error is null && changed.Contains(key) && header.Contains("of any type", StringComparison.Ordinal);
            Assert.True(mended || error?.Contains("WRONGTYPE", StringComparison.Ordinal) == true, $"{key}: {error ?? "no error"}");
            Assert.True(mended || changed.Count == 0, $"{key}: {error}, and changed: {string.Join(' ', changed)}");
        }
    }

    [Theory]
    [MemberData(nameof(ScriptContractTests.Scripts), MemberType = typeof(ScriptContractTests))]
    public async Task A_value_that_cannot_be_counted_with_leaves_no_call_half_made(string script)
    {
        var (header, _) = ScriptContractTests.Read(script);
        foreach (var key in ScriptContractTests.KeyNames(header).Intersect(s_hashes.Keys))
        {
            foreach (var (field, bad) in s_hashes[key].Keys.SelectMany(field => s_badValues.Select(bad => (field, bad))))
            {
                var (error, changed) = await RunAsync(
                    script,
                    database => _ = bad is null
                        ? database.HashDeleteAsync(_tag + key, field)
                        : database.HashSetAsync(_tag + key, field, bad));
                Assert.True(
                    error is null || changed.Count == 0,
                    $"{key} {field} = {bad ?? "nothing"}: {error}, and changed: {string.Join(' ', changed)}");
            }
        }
    }

    private static string OrderNumber(char digit) => NumberOfItem + new string(digit, 24);

    /// <summary>Runs the script once on the good state with something spoilt in it.</summary>
    /// <returns>The error, if any, and which keys the script changed.</returns>
    private async Task<(string? Error, List<string> Changed)> RunAsync(string script, Action<IDatabaseAsync> spoil)
    {
        var database = Servers.Database;
        var made = new List<Task> { database.KeyDeleteAsync([.. s_keys.Select(key => (RedisKey)(_tag + key))]) };
        made.AddRange(s_hashes.Select(hash => database.HashSetAsync(
            _tag + hash.Key, [.. hash.Value.Select(field => new HashEntry(field.Key, field.Value))])));
        made.Add(database.SortedSetAddAsync(_tag + "outbox", s_withoutHold, 1000));
        made.Add(database.SetAddAsync(_tag + "changes", "an earlier change"));
        made.Add(database.ListRightPushAsync(_tag + "log", [7, 8]));
        made.Add(database.ListRightPushAsync(_tag + "registrations", [7, 8, 11, 12]));
        made.Add(database.ListRightPushAsync(_tag + "steps", ["1 0 1000", "2 2000 3000"]));
        made.Add(database.SortedSetAddAsync(_tag + "used", "0", 0));
        await Task.WhenAll(made).InTime();
        spoil(database);

        var (header, _) = ScriptContractTests.Read(script);
        var before = await DumpAsync();
        var error = default(string);
        try
        {
            await database.ScriptEvaluateAsync(
                StockScript.Load(script),
                [.. ScriptContractTests.KeyNames(header).Select(key => (RedisKey)(_tag + key))],
                s_calls[script]).InTime();
        }
        catch (RedisServerException exception)
        {
            error = exception.Message;
        }

        var after = await DumpAsync();
        return (error, [.. s_keys.Where((_, i) => !(before[i] ?? []).SequenceEqual(after[i] ?? []))]);
    }

    private Task<byte[]?[]> DumpAsync() => Task.WhenAll(s_keys.Select(key => Servers.Database.KeyDumpAsync(_tag + key))).InTime();
}
