using System.Text.Json;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Dashboard;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>Red is what is broken itself, and the verdict names the worst of it.</summary>
public sealed class PictureTests : Looks
{
    [Fact]
    public void All_is_fine_while_a_sale_goes_on()
    {
        var snapshot = Look(Facts());
        Assert.Empty(Red(snapshot));
        Assert.Equal(("#7 Friday is selling.", Tone.Fine), (snapshot.Verdict.Headline, snapshot.Verdict.Tone));
        Assert.Empty(snapshot.Incidents);
    }

    [Theory]
    [InlineData("redis", "Redis is down.")]
    [InlineData("postgres", "PostgreSQL is down.")]
    [InlineData("rabbitmq", "RabbitMQ is down.")]
    public void A_store_that_is_down_is_red_alone_however_much_waits_for_it(string store, string headline)
    {
        var down = new StoreState(false, Now.AddSeconds(-4));
        var facts = Facts(outbox: 50_000, oldestSeconds: 900);
        var stores = facts.Stores;
        var snapshot = Look(facts with
        {
            Stores = store switch
            {
                "redis" => stores with { Redis = down },
                "postgres" => stores with { Postgres = down },
                _ => stores with { RabbitMq = down },
            },
            Traffic = store == "redis" ? null : facts.Traffic,
        });
        Assert.Equal([store], Red(snapshot));
        Assert.Equal(headline, snapshot.Verdict.Headline);
        Assert.Equal("down since 09:59:59", snapshot.Road.Single(station => station.Id == store).Note);
        Assert.Equal(Now.AddSeconds(-4), Assert.Single(snapshot.Incidents).Began);
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
    public void Refusals_for_a_technical_reason_are_an_incident_and_those_of_the_sale_are_not()
    {
        var facts = Facts();
        Facts Refusing(string reason, Tone tone) =>
            facts with { Traffic = facts.Traffic! with { Refused = [new RefusalRate(reason, 12.5, tone)] } };
        Assert.Equal(Tone.Fine, Look(Refusing("sold-out", Tone.Fine)).Verdict.Tone);
        var verdict = Look(Refusing("outbox-full", Tone.Broken)).Verdict;
        Assert.Equal(
            ("Buyers get 503 for a technical reason.", "13 a second: outbox full."), (verdict.Headline, verdict.Detail));
        // The store that is down is the cause, and is reported alone.
        var down = Refusing("no-answer", Tone.Broken);
        down = down with { Stores = down.Stores with { RabbitMq = new StoreState(false, Now) } };
        Assert.Equal(("RabbitMQ is down.", 1), (Look(down).Verdict.Headline, Log.Broken.Count));
    }

    [Fact]
    public void Stock_that_does_not_come_back_is_an_incident_while_all_stores_are_up()
    {
        var facts = Facts();
        var late = facts with { Tables = NoneWaits with { Returns = 3, OldestReturnSeconds = 31 } };
        var snapshot = Look(late);
        Assert.Equal(["returns"], Red(snapshot));
        Assert.Equal(
            ("Stock does not come back.", "3 closed orders keep their units, the oldest for 31 s."),
            (snapshot.Verdict.Headline, snapshot.Verdict.Detail));
        Assert.Equal(["redis"], Red(Look(late with { Stores = late.Stores with { Redis = new StoreState(false, Now) } })));
        // A backlog is old right after the store is up again.
        Assert.Empty(Red(Look(late with { Stores = late.Stores with { Redis = new StoreState(true, Now.AddSeconds(-9)) } })));
    }

    [Fact]
    public void What_waits_in_items_that_are_not_shown_counts()
    {
        var stock = Stock(0, 0);
        var shown = stock[Item].Snapshot!;
        stock[new ItemKey(8, 1)] = new ItemStock(shown with { OutboxDepth = 700 }, 45);
        var snapshot = Look(Facts() with { Stock = stock });
        Assert.Equal("Orders are stuck in the outbox.", snapshot.Verdict.Headline);
        Assert.Equal(700, snapshot.Road.Single(station => station.Id == "redis").Figure);
    }

    [Fact]
    public void Refunds_that_wait_are_counted_and_nothing_is_broken_by_them()
    {
        var snapshot = Look(Facts() with { Tables = NoneWaits with { Refunds = 3, OldestRefundSeconds = 1_000_000 } });
        Assert.Equal(3, snapshot.Refunds);
        Assert.Empty(Red(snapshot));
    }

    // Broken by the browser's own list, which shows a forint as a filler.
    [Theory]
    [InlineData("EUR", 2)]
    [InlineData("HUF", 2)]
    [InlineData("IQD", 3)]
    [InlineData("JPY", 0)]
    public void The_page_gets_the_minor_digits_of_a_price(string currency, int digits)
    {
        var facts = Facts();
        var row = facts.Orders!.Items[0] with { Currency = currency };
        var snapshot = Look(facts with { Orders = facts.Orders with { Items = [row] } });
        Assert.Equal(digits, snapshot.Sales[0].Items[0].MinorDigits);
    }

    // Broken by a page that has no numbers of a sale that ended a moment ago, for nothing asks Redis about it.
    [Fact]
    public void An_item_at_rest_is_shown_as_PostgreSQL_has_it()
    {
        var facts = Facts() with { Stock = new Dictionary<ItemKey, ItemStock>(), AuditAgeSeconds = 100 };
        var row = facts.Orders!.Items[0];
        ItemView ViewOf(bool isAtRest) =>
            Look(facts with { Orders = facts.Orders with { Items = [row with { IsAtRest = isAtRest }] } }).Sales[0].Items[0];
        Assert.Equal((null, null, null, Tone.Unknown), Numbers(ViewOf(false)));
        Assert.Equal((60, 40, 0L, Tone.Fine), Numbers(ViewOf(true)));

        static (int?, int?, long?, Tone) Numbers(ItemView item) => (item.Available, item.Held, item.Outbox, item.Books);
    }

    [Fact]
    public void Ids_are_text_for_a_browser_would_round_them()
    {
        var facts = Facts();
        var row = facts.Orders!.Items[0] with { SaleId = long.MaxValue, SkuId = long.MaxValue - 1 };
        var json = JsonSerializer.Serialize(
            Look(facts with { Orders = facts.Orders with { Items = [row] } }), DashboardJson.Default.Snapshot);
        Assert.Contains("\"saleId\":\"9223372036854775807\"", json, StringComparison.Ordinal);
        Assert.Contains("\"skuId\":\"9223372036854775806\"", json, StringComparison.Ordinal);
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
    public void Broken_equations_dead_letters_and_quarantine_are_red_where_they_are()
    {
        var facts = Facts();
        Assert.Equal(["rabbitmq"], Red(Look(facts with { Queues = new Queues(0, 1, 2) })));
        Assert.Equal(["postgres"], Red(Look(facts with { Tables = NoneWaits with { Quarantined = 4 } })));
        var finding = new AuditFinding(BreakKind.Held, null, null, 5, 8);
        Assert.Equal(["audit"], Red(Look(facts with { Unbalanced = [new ItemAudit(Item, true, [finding])] })));
        Assert.Equal(["redis", "rebuild"], Red(Look(facts with
        {
            Orders = facts.Orders! with { Totals = Totals with { ItemsLost = 1 } },
        })));
    }

    [Fact]
    public void A_broker_that_takes_no_messages_is_red_and_called_blocked()
    {
        var facts = Facts(outbox: 1, oldestSeconds: 900);
        var alarm = facts.Stores.RabbitMq with { Since = Now.AddSeconds(-9), Blocked = "low on memory" };
        var snapshot = Look(facts with { Stores = facts.Stores with { RabbitMq = alarm } });
        Assert.Equal(["rabbitmq"], Red(snapshot));
        Assert.Equal(
            ("RabbitMQ is blocked.", "It is low on memory. 1 order waits in the outbox; buyers notice nothing."),
            (snapshot.Verdict.Headline, snapshot.Verdict.Detail));
        Assert.Equal(Now.AddSeconds(-9), snapshot.Incidents.Single(one => one.Ended is null).Began);
        Assert.Equal([new StoreDown("RabbitMQ", "RabbitMQ is blocked")], snapshot.Down);
    }

    // Broken by "3,757 held, 3,795 in PostgreSQL, audit balances": two moments in one line.
    [Fact]
    public void A_card_shows_stock_and_orders_of_one_moment()
    {
        var facts = Facts();
        var later = facts.Orders! with { Items = [facts.Orders.Items[0] with { Live = 78 }] };
        var snapshot = Look(facts with
        {
            Stores = facts.Stores with { Redis = new StoreState(false, Now) }, Orders = later,
            ReadTogether = new ItemsAtOnce(facts.Orders.Items, facts.Stock),
        });
        var item = snapshot.Sales[0].Items[0];
        Assert.Equal((40, 40, Tone.Unknown, "not audited while Redis is down"), (item.Held, item.Live, item.Books, item.Finding));
        Assert.Equal(78, snapshot.Road.Single(station => station.Id == "postgres").Figure);
        Assert.Null(snapshot.Upkeep.Single(station => station.Id == "sweeper").Figure);
    }

    [Fact]
    public void One_thing_is_in_the_singular()
    {
        var facts = Facts(outbox: 1);
        var one = Look(facts with
        {
            Traffic = facts.Traffic! with { Accepted = 1, InFlight = 1, Apis = 1 }, Queues = new Queues(1, 1, 0),
            Tables = NoneWaits with { Returns = 1 },
            Orders = facts.Orders! with
            {
                Items = [facts.Orders.Items[0] with { Live = 1, Allocated = 1 }], DualWrite = facts.Orders.DualWrite with { Pending = 1 },
            },
        });
        Assert.Equal(
            [
                "click a second", "order a second", "order in the outbox", "message waits", "running", "unit in order rows", "change waits",
                "order to return", "items with late orders", "broken equations", "items wait for it",
            ],
            one.Road.Concat(one.Upkeep).Select(station => station.Unit));
        Assert.Equal("1 running, 1 request in progress", one.Road[1].Note);
    }

    /// <summary>An automatic rebuild may begin and end between two looks.</summary>
    [Fact]
    public void A_rebuild_is_news_also_when_nobody_saw_the_loss()
    {
        var facts = Facts();
        var after = Look(facts with { Orders = facts.Orders! with { Totals = Totals with { ItemsRebuilt = 2 } } });
        Assert.Empty(Red(after));
        var news = Assert.Single(after.Incidents);
        Assert.Equal(("Stock was rebuilt", "2 items, within the last ten minutes."), (news.Headline, news.Detail));
    }

    [Fact]
    public void Lost_data_is_one_incident_whether_rows_or_audit_show_it_first()
    {
        var facts = Facts();
        ItemAudit[] audits = [new ItemAudit(Item, true, [new AuditFinding(BreakKind.StockLost, null, null, 10, 0)])];
        Look(facts with { Unbalanced = audits });
        var both = Look(facts with
        {
            Unbalanced = audits, Orders = facts.Orders! with { Totals = Totals with { ItemsLost = 1 } },
        });
        Assert.Equal("Redis has lost data", Assert.Single(both.Incidents).Headline);
    }
}
