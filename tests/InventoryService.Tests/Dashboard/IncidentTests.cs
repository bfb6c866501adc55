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
        Assert.Equal("Friday is no longer on", Assert.Single(Look(over).Incidents).Headline);
    }

    [Fact]
    public void Without_a_viewer_only_the_stores_are_judged()
    {
        var facts = Facts();
        Look(facts with { Queues = new Queues(0, 1, 2) });
        Log.Look([.. Condition.OfStores(facts)], Now, Condition.IsOfStores, isFirstLook: false);
        Assert.Null(Assert.Single(Log.Recent).Ended);
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

    [Fact]
    public void The_duration_is_omitted_when_no_viewer_was_there_at_the_end()
    {
        Look(Facts() with { Queues = new Queues(0, 1, 2) });
        var later = Facts() with { Now = Now.AddMinutes(50) };
        Assert.Equal("It ended while no dashboard was open.", Assert.Single(Look(later, isFirstLook: true).Incidents).Detail);
    }
}
