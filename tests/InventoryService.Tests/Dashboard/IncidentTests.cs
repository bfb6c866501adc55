using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Dashboard;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>Incidents begin and end once, however many snapshots there are, and their list stays short without losing an outage.</summary>
public sealed class IncidentTests : Looks
{
    [Fact]
    public void An_incident_begins_once_follows_its_numbers_and_ends_once()
    {
        var down = Facts(outbox: 10);
        down = down with { Stores = down.Stores with { RabbitMq = new StoreState(false, Now) } };
        Look(down);
        var second = Look(down with { Stock = Stock(1_204, 2) });
        Assert.Equal("1,204 orders wait in the outbox; buyers notice nothing.", Assert.Single(second.Incidents).Detail);
        Look(Facts() with { Now = Now.AddSeconds(12) });
        var last = Look(Facts() with { Now = Now.AddSeconds(13) });
        var incident = Assert.Single(last.Incidents);
        Assert.Equal(("RabbitMQ is up again", "It lasted 12 s.", Now.AddSeconds(12)), (incident.Headline, incident.Detail, incident.Ended));
        Assert.Equal(Tone.Fine, last.Verdict.Tone);
    }

    [Fact]
    public void News_is_reported_when_it_happens_and_not_to_the_first_viewer_afterwards()
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
        var over = facts with { Orders = facts.Orders! with { Items = [facts.Orders.Items[0] with { State = SaleState.Closed }] } };
        Assert.Equal("#7 Friday is no longer on", Assert.Single(Look(over).Incidents).Headline);
    }

    [Fact]
    public void What_cannot_be_seen_now_is_not_called_over()
    {
        var facts = Facts();
        Look(facts with { Traffic = facts.Traffic! with { Workers = 0 } });
        var redisIsDown = facts.Stores with { Redis = new StoreState(false, Now) };
        Look(facts with { Traffic = null, Stores = redisIsDown });
        Assert.Null(Log.Recent.Single(incident => incident.Headline == "No worker is running").Ended);
        Look(facts);
        Assert.Contains(Log.Recent, incident => incident.Headline == "A worker is running again");
    }

    // Broken by an incident that begins when a process or a page first looks.
    [Fact]
    public void An_incident_begins_when_the_services_say_that_the_fault_began()
    {
        var (facts, since) = (Facts(), Now.AddMinutes(-7));
        var dual = facts.Orders!.DualWrite;
        Assert.Equal(since, BeganOf(facts with
        {
            Orders = facts.Orders with { Totals = Totals with { ItemsLost = 1, LostSince = since } },
        }));
        Assert.Equal(since, BeganOf(facts with
        {
            Tables = NoneWaits with { Quarantined = 1 }, Orders = facts.Orders with { Totals = Totals with { QuarantinedSince = since } },
        }));
        Assert.Equal(since, BeganOf(facts with { Tables = NoneWaits with { Returns = 1, OldestReturnSeconds = 7 * 60 } }));
        Assert.Equal(since, BeganOf(Facts(outbox: 1, oldestSeconds: 7 * 60)));
        Assert.Equal(since, BeganOf(facts with { Traffic = facts.Traffic! with { Workers = 0, LastWorker = since } }));
        Assert.Equal(since, BeganOf(facts with { Traffic = facts.Traffic! with { Apis = 0, LastApi = since } }));
        Assert.Equal(since, BeganOf(facts with
        {
            Orders = facts.Orders with { DualWrite = dual with { Breaker = "open", BreakerSince = since, BreakerCause = "it is slow" } },
        }));
        Assert.Equal(since, BeganOf(facts with
        {
            Orders = facts.Orders with { DualWrite = dual with { Missing = 1, DiffersSince = since } },
        }));
        // The clock of PostgreSQL may be ahead.
        Assert.Equal(Now, BeganOf(facts with
        {
            Orders = facts.Orders with { Totals = Totals with { ItemsLost = 1, LostSince = Now.AddSeconds(9) } },
        }));

        DateTimeOffset BeganOf(Facts broken)
        {
            var incident = Look(broken).Incidents.Single(one => one is { Tone: Tone.Broken, Ended: null });
            Look(facts);
            return incident.Began;
        }
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

        Assert.InRange(Log.Recent.Count, 20, 60);
        Assert.Equal("Messages are in the dead-letter queue", Log.Recent[0].Headline);
    }

    [Fact]
    public void News_does_not_push_an_outage_out()
    {
        var down = Facts();
        Look(down with { Stores = down.Stores with { Redis = new StoreState(false, Now) } });
        for (var i = 0; i < 200; i++)
        {
            Look(Facts() with { Stock = Stock(0, 0, available: i % 2) });
        }

        Assert.Contains(Log.Recent, incident => incident.Headline == "Redis is up again");
    }
}
