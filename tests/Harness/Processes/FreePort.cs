using System.Net;
using System.Net.Sockets;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// A port for a server that must be told one. Below the range from which the system takes ports for outgoing connections: from there
/// it could be gone between the look and the server's start.
/// </summary>
internal static class FreePort
{
    private const int First = 10_000;
    private const int Last = 31_999;

    public static int Find(int last = Last)
    {
        while (true)
        {
            var port = Random.Shared.Next(First, last);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one.
            }
        }
    }
}
