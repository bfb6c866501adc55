using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>Whether an order of a sale with a waiting room is let through. Decided on the processor alone.</summary>
internal sealed class PassGate(RoomBoard rooms, SalePass passes)
{
    /// <summary>The state of the pass that a buyer showed; <see cref="SalePassState.Valid"/> also when none is needed now.</summary>
    /// <param name="turn">The <see cref="BuyerTurn"/> for which the order is made.</param>
    public SalePassState Check(string? pass, long userId, long saleId, RoomPolicy policy, out long turn)
    {
        var room = rooms.Find(saleId) ?? rooms.Follow(saleId);
        var state = passes.Check(pass, userId, saleId, out turn);
        if (room.View?.State is { Mode: RoomMode.Off }
            || (state != SalePassState.Valid && policy == RoomPolicy.FailOpen && rooms.IsLost(room)))
        {
            turn = BuyerTurn.NotNeeded;
            return SalePassState.Valid;
        }

        return state;
    }

    /// <summary>The buyer of a pass has ordered.</summary>
    public void MarkUsed(long userId, long saleId) => rooms.Find(saleId)?.MarkUsed(userId);
}
