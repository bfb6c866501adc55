using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>The positions of the draw, each computed once.</summary>
internal sealed class DrawnPositions(string seed, int count)
{
    private readonly QueuePermutation _permutation = new(seed, count);
    private readonly int[] _known = new int[count];

    /// <summary>From 0; who came after the draw keeps the place.</summary>
    public int Position(int place)
    {
        if (place >= count)
        {
            return place;
        }

        var known = Volatile.Read(ref _known[place]);
        if (known == 0)
        {
            known = _permutation.Position(place) + 1;
            Volatile.Write(ref _known[place], known);
        }

        return known - 1;
    }
}
