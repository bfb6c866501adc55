using System.Buffers.Text;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Seckill.OrderService.WarmUp;

/// <summary>
/// A connection of the process to itself, HTTP/1.1, one request at a time. Not HttpClient: the process would compile a client that no sale
/// needs.
/// </summary>
internal sealed class OwnConnection : IDisposable
{
    private readonly byte[] _buffer = new byte[4096];
    private readonly Stream _stream;

    private OwnConnection(Stream stream) => _stream = stream;

    /// <summary>Where the process listens for buyers.</summary>
    /// <exception cref="InvalidOperationException">On no port.</exception>
    public static Uri AddressOf(IServer server, ManagementListener management) =>
        (server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
            .Select(BindingAddress.Parse).Where(address => !address.IsUnixPipe && !address.IsNamedPipe)
            .Where(address => address.Port != management.PortNumber)
            .OrderBy(address => address.Scheme)
            .Select(address => new UriBuilder(address.Scheme, Host(address.Host), address.Port).Uri)
            .FirstOrDefault() ?? throw new InvalidOperationException("the process listens on no port");

    public static async Task<OwnConnection> OpenAsync(Uri address, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.IdnHost, address.Port, cancellationToken);
            var stream = new NetworkStream(socket, ownsSocket: true);
            if (address.Scheme == Uri.UriSchemeHttp)
            {
                return new OwnConnection(stream);
            }

#pragma warning disable CA5359 // The certificate is that of the process itself, and not made out to this address.
            var secure = new SslStream(stream, leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.IdnHost }, cancellationToken);
            return new OwnConnection(secure);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a whole request and reads the whole answer.</summary>
    /// <returns>The status.</returns>
    public async Task<int> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(request, cancellationToken);
        for (var length = 0; ;)
        {
            var read = await _stream.ReadAsync(_buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                throw new IOException("the process gave itself no whole answer");
            }

            length += read;
            if (IsWhole(_buffer.AsSpan(0, length), out var status))
            {
                return status;
            }
        }
    }

    public void Dispose() => _stream.Dispose();

    private static string Host(string host) => host switch
    {
        "*" or "+" or "0.0.0.0" or "[::]" => IPAddress.Loopback.ToString(),
        _ => host,
    };

    // Every answer of the endpoint says how long its body is.
    private static bool IsWhole(ReadOnlySpan<byte> answer, out int status)
    {
        status = 0;
        var head = answer.IndexOf("\r\n\r\n"u8);
        var length = answer.IndexOf("\r\nContent-Length: "u8);
        return head >= 0 && length >= 0
            && Utf8Parser.TryParse(answer["HTTP/1.1 "u8.Length..], out status, out _)
            && Utf8Parser.TryParse(answer[(length + "\r\nContent-Length: "u8.Length)..], out int body, out _)
            && answer.Length >= head + "\r\n\r\n"u8.Length + body;
    }
}
