using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>
/// Figures of all waiting rooms whose sale is on, as this instance read them. All instances show the same: take the maximum, not the sum.
/// </summary>
internal sealed class WaitingRoomMetrics : IDisposable
{
    private readonly Meter _meter = new(Measurements.Name);

    /// <param name="rooms">The rooms that this instance follows.</param>
    /// <param name="age">How old what it knows of one is.</param>
    public WaitingRoomMetrics(Func<IEnumerable<Room>> rooms, Func<Room, TimeSpan> age)
    {
        Gauge("waiting", "{buyer}", "Buyers in waiting rooms who are not admitted yet.", () => Sum(state => state.Places - state.Served));
        Gauge("served", "{buyer}", "Buyers who were admitted so far.", () => Sum(state => state.Served));
        Gauge("passes", "{pass}", "Passes that are out, and not used for an order yet.", () => Sum(state => state.Out));
        Gauge(
            "no_shows", "1", "Share of the newest passes that expired without an order.",
            () => NoShows(Sum(state => state.Turnout.Came), Sum(state => state.Turnout.Gone)));
        Gauge(
            "work_rise", "{bit}", "Bits that a proof of work has now above those of its sale.",
            () => rooms().Select(room => room.Demand.Rise.Asked).Append(0).Max());
        Gauge(
            "age", "s", "Age of the oldest knowledge of a waiting room; 0 without rooms.",
            () => rooms().Select(room => age(room).TotalSeconds).Append(0).Max());

        void Gauge(string name, string unit, string text, Func<double> value) =>
            _meter.CreateObservableGauge("seckill.queue." + name, value, unit, text);
        int Sum(Func<RoomState, int> number) =>
            rooms().Select(room => room.View?.State).OfType<RoomState>().Where(state => !state.IsClosed).Sum(number);
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>0 while no turn is over.</summary>
    internal static double NoShows(int came, int gone) => gone == 0 ? 0 : Math.Max(0, 1 - ((double)came / gone));
}
