using Seckill.InventoryService.Dashboard;
using Seckill.InventoryService.Reconciliation;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>
/// Red is what is broken itself, and the verdict names the worst of it. Incidents begin and end once, however often one looks.
/// </summary>
public sealed class PictureTests
{
    private static readonly DateTimeOffset s_now = new(2030, 1, 2, 10, 0, 3, TimeSpan.Zero);
    private static readonly ItemKey s_item = new(7, 1001);
    private readonly IncidentLog _log = new();

    // Somebody has watched for a while, and all was well.
    public PictureTests() => Look(Facts(), isFirstLook: true);

    [Fact]
    public void All_is_fine_while_a_sale_goes_on()
    {
        var snapshot = Look(Facts());
        Assert.Empty(Red(snapshot));
        Assert.Equal(("Selling.", Tone.Fine), (snapshot.Verdict.Headline, snapshot.Verdict.Tone));
        Assert.Empty(snapshot.Incidents);
    }

    [Theory]
    [InlineData("redis", "Redis is away.")]
    [InlineData("postgres", "PostgreSQL is away.")]
    [InlineData("rabbitmq", "RabbitMQ is away.")]
    public void A_store_that_is_away_is_red_alone_however_much_waits_for_it(string store, string headline)
    {
        var away = new StoreState(false, s_now.AddSeconds(-4));
        var facts = Facts(outbox: 50_000, oldestSeconds: 900);
        var stores = facts.Stores;
        var snapshot = Look(facts with
        {
            Stores = store switch
            {
                "redis" => stores with { Redis = away },
                "postgres" => stores with { Postgres = away },
                _ => stores with { RabbitMq = away },
            },
            Traffic = store == "redis" ? null : facts.Traffic,
        });
        Assert.Equal([store], Red(snapshot));
        Assert.Equal(headline, snapshot.Verdict.Headline);
        Assert.Equal("away since 09:59:59", snapshot.Road.Single(station => station.Id == store).Note);
        Assert.Equal(s_now.AddSeconds(-4), Assert.Single(snapshot.Incidents).Began);
    }

    [Fact]
    public void Orders_that_wait_for_nothing_known_are_red_themselves()
    {
        Assert.Empty(Red(Look(Facts(outbox: 3, oldestSeconds: Seckill.InventoryService.Dashboard.Facts.StuckSeconds))));
        var snapshot = Look(Facts(outbox: 3, oldestSeconds: Seckill.InventoryService.Dashboard.Facts.StuckSeconds + 1));
        Assert.Equal(["redis", "sweeper"], Red(snapshot));
        Assert.Equal("Orders are stuck in the outbox.", snapshot.Verdict.Headline);
    }

    [Fact]
    public void Without_a_worker_the_worker_is_red_and_not_the_outbox()
    {
        var facts = Facts(outbox: 9, oldestSeconds: 500);
        var snapshot = Look(facts with { Traffic = facts.Traffic! with { Workers = 0 } });
        Assert.Equal(["worker"], Red(snapshot));
        Assert.Contains("9 orders wait", snapshot.Verdict.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_rates_are_no_rates_and_no_missing_process()
    {
        var snapshot = Look(Facts() with { Traffic = null });
        Assert.Null(snapshot.Traffic);
        Assert.Empty(Red(snapshot));
        Assert.All(
            snapshot.Road.Where(station => station.Kind != "store"),
            station => Assert.Equal((Tone.Unknown, null), (station.Tone, station.Figure)));
    }

    [Fact]
    public void Broken_books_dead_letters_quarantine_and_legacy_are_red_where_they_are()
    {
        var facts = Facts();
        Assert.Equal(["rabbitmq"], Red(Look(facts with { Queues = new Queues(0, 1, 2) })));
        Assert.Equal(["postgres"], Red(Look(facts with { Orders = facts.Orders! with { Backlogs = new Backlogs(1, 0, 0, 4) } })));
        Assert.Equal(["legacy"], Red(Look(facts with
        {
            Orders = facts.Orders! with { DualWrite = facts.Orders.DualWrite with { Mode = "dual", Breaker = "open" } },
        })));
        var finding = new AuditFinding(BreakKind.Held, null, null, 5, 8);
        Assert.Equal(["audit"], Red(Look(facts with { Unbalanced = [new ItemAudit(s_item, true, [finding])] })));
        Assert.Equal(["redis", "rebuild"], Red(Look(facts with
        {
            Orders = facts.Orders! with { Items = [facts.Orders.Items[0] with { is_lost = true }] },
        })));
    }

    [Theory]
    [InlineData("shadow", 2, 0, "2 orders. See the discrepancies, then repair.")]
    [InlineData("dual", 0, 1, "1 order. See the discrepancies, then repair.")]
    [InlineData("dual", 1_500, 3, "1,503 orders. See the discrepancies, then repair.")]
    public void Schemas_that_differ_are_an_incident_for_as_long_as_they_do(string mode, long mismatched, long missing, string detail)
    {
        var facts = Facts();
        var dual = facts.Orders!.DualWrite with { Mode = mode, Mismatched = mismatched, Missing = missing };
        var differ = facts with { Orders = facts.Orders with { DualWrite = dual } };
        var snapshot = Look(differ);
        Assert.Equal(["legacy"], Red(snapshot));
        Assert.Equal(("The two schemas differ.", detail), (snapshot.Verdict.Headline, snapshot.Verdict.Detail));
        var incident = Assert.Single(Look(facts).Incidents);
        Assert.Equal(("The two schemas agree again", (DateTimeOffset?)s_now), (incident.Headline, incident.Ended));
    }

    [Theory]
    [InlineData("off")]
    [InlineData("retired")]
    public void Schemas_do_not_differ_while_only_one_is_written(string mode)
    {
        var facts = Facts();
        var dual = facts.Orders!.DualWrite with { Mode = mode, Mismatched = 2, Missing = 1 };
        var snapshot = Look(facts with { Orders = facts.Orders with { DualWrite = dual } });
        Assert.Empty(Red(snapshot));
        Assert.Empty(snapshot.Incidents);
    }

    [Fact]
    public void Lost_data_is_one_incident_whoever_sees_it_first()
    {
        var facts = Facts();
        ItemAudit[] audits = [new ItemAudit(s_item, true, [new AuditFinding(BreakKind.StockLost, null, null, 10, 0)])];
        Look(facts with { Unbalanced = audits });
        var both = Look(facts with
        {
            Unbalanced = audits, Orders = facts.Orders! with { Items = [facts.Orders.Items[0] with { is_lost = true }] },
        });
        Assert.Equal("Redis has lost data", Assert.Single(both.Incidents).Headline);
    }

    [Fact]
    public void An_incident_begins_once_follows_its_numbers_and_ends_once()
    {
        var away = Facts(outbox: 10);
        away = away with { Stores = away.Stores with { RabbitMq = new StoreState(false, s_now) } };
        Look(away);
        var second = Look(away with { Stock = Stock(1_204, 2) });
        Assert.Equal("1,204 orders wait in the outbox; buyers notice nothing.", Assert.Single(second.Incidents).Detail);
        Look(Facts() with { Now = s_now.AddSeconds(12) });
        var last = Look(Facts() with { Now = s_now.AddSeconds(13) });
        var incident = Assert.Single(last.Incidents);
        Assert.Equal(("RabbitMQ is back", "It took 12 s.", s_now.AddSeconds(12)), (incident.Headline, incident.Detail, incident.Ended));
        Assert.Equal(Tone.Fine, last.Verdict.Tone);
    }

    [Fact]
    public void News_is_told_when_it_happens_and_not_when_somebody_comes_to_look()
    {
        var soldOut = Facts() with { Stock = Stock(0, 0, available: 0) };
        Assert.Empty(Look(soldOut, isFirstLook: true).Incidents);
        Assert.Empty(Look(soldOut).Incidents);
        Look(Facts());
        Assert.Equal(["SKU 1001 is sold out", "SKU 1001 is for sale again"], Look(soldOut).Incidents.Select(one => one.Headline));
    }

    [Fact]
    public void A_sale_that_gives_way_to_newer_ones_is_not_called_over()
    {
        var facts = Facts();
        Assert.Empty(Look(facts with { Orders = facts.Orders! with { Items = [] } }).Incidents);
        var over = facts with { Orders = facts.Orders! with { Items = [facts.Orders.Items[0] with { state = "closed" }] } };
        Assert.Equal("Friday is no longer on", Assert.Single(Look(over).Incidents).Headline);
    }

    [Fact]
    public void While_nobody_watches_only_the_stores_are_judged()
    {
        var facts = Facts();
        Look(facts with { Queues = new Queues(0, 1, 2) });
        _log.Look([.. Condition.OfStores(facts)], s_now, Condition.IsOfStores, isFirstLook: false);
        Assert.Null(Assert.Single(_log.Recent).Ended);
    }

    [Fact]
    public void What_is_remembered_is_bounded_and_what_goes_on_is_never_forgotten()
    {
        var broken = Facts() with { Queues = new Queues(0, 1, 2) };
        Look(broken);
        for (var i = 0; i < 200; i++)
        {
            Look(broken with { Stock = Stock(0, 0, available: i % 2) });
        }

        Assert.InRange(_log.Recent.Count, 20, 60);
        Assert.Equal("Messages are in the dead-letter queue", _log.Recent[0].Headline);
    }

    private Snapshot Look(Facts facts, bool isFirstLook = false)
    {
        _log.Look(
            [.. Condition.OfStores(facts), .. Condition.OfRoad(facts)], facts.Now, key => Condition.IsLookedFor(key, facts), isFirstLook);
        return SnapshotMaker.Make(facts, _log, _ => new ItemAudit(s_item, true, []));
    }

    private static string[] Red(Snapshot snapshot) =>
        [.. snapshot.Road.Concat(snapshot.Upkeep).Where(station => station.Tone == Tone.Broken).Select(station => station.Id)];

    private static Facts Facts(long outbox = 0, double oldestSeconds = 0)
    {
        var up = new StoreState(true, s_now.AddHours(-1));
        return new Facts(
            s_now, new Stores(up, up, up), new Traffic(1_200, 0, [], null, 2, 9, 3, 2, 1),
            new OrdersReading(
                [
                    new ItemRow(
                        s_item.SaleId, "Friday", s_now.AddMinutes(-1).UtcDateTime, s_now.AddHours(1).UtcDateTime, "open",
                        s_item.SkuId, 100, 40, 1999, "EUR", false, true),
                ],
                new Backlogs(1, 0, 0, 0), new DualWriteState("shadow", 100, 0, 0, 40, 0, 0, "closed")),
            Stock(outbox, oldestSeconds), new Queues(0, 1, 0), [], 1);
    }

    private static Dictionary<ItemKey, ItemStock> Stock(long outbox, double oldestSeconds, int available = 60) => new()
    {
        [s_item] = new ItemStock(
            new ItemSnapshot(
                s_now, available, 40, 100, "00000001", 1999, "EUR", s_now.AddMinutes(-1), s_now.AddHours(1), "open", 2, 900, outbox),
            oldestSeconds),
    };
}
