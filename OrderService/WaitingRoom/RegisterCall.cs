using Seckill.OrderService.Reservations;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>A buyer who waits for register.lua.</summary>
internal sealed class Registration(RoomRegistration buyer)
{
    private readonly TaskCompletionSource<int> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RoomRegistration Buyer => buyer;

    /// <summary>The place, or a <see cref="RegistrationOutcome"/>; fails as the call does.</summary>
    public Task<int> Answer => _answer.Task;

    public void Decide(int place) => _answer.TrySetResult(place);

    public void Fail(Exception exception) => _answer.TrySetException(exception);
}

/// <summary>The round trip of register.lua for all buyers of a sale that wait together. Reused.</summary>
internal sealed class RegisterCall(long saleId, RoomLedger rooms, Action<string, long, int> learn) : BatchQueue<Registration>.ICall
{
    private readonly List<Registration> _waiting = [];

    public bool Add(Registration item)
    {
        _waiting.Add(item);
        return true;
    }

    public async Task SendAsync()
    {
        try
        {
            var reply = await rooms.RegisterAsync(saleId, [.. _waiting.Select(one => one.Buyer)]);
            FailPoint.Reach("queue-registered");
            for (var i = 0; i < _waiting.Count; i++)
            {
                if (reply is not { } known)
                {
                    _waiting[i].Fail(new RoomLostException());
                    continue;
                }

                if (known.Places[i] >= 0)
                {
                    learn(known.Commitment, _waiting[i].Buyer.UserId, known.Places[i]);
                }

                _waiting[i].Decide(known.Places[i]);
            }
        }
#pragma warning disable CA1031 // Every waiter must be answered, whatever went wrong.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _waiting.ForEach(one => one.Fail(exception));
        }
        finally
        {
            _waiting.Clear();
        }
    }
}

/// <summary>Redis has lost the room.</summary>
internal sealed class RoomLostException : Exception;
