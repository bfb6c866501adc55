using System.Data;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features;
using Seckill.InventoryService.Operations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Archive;

/// <summary>The end of a sale: its export, and its removal from Redis.</summary>
internal static class ArchiveFeature
{
    public static void AddArchive(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<ArchiveOptions>("Archive");
        builder.Services.AddSingleton<SaleArchiver>();
        builder.Services.AddHostedService<ArchiveSchedule>();
    }

    public static void MapArchive(this WebApplication app)
    {
        var sales = app.MapGroup("/sales").ForOperators(new OperationGroup("Archive", "The end of a sale."));
        sales.MapPost("/{saleId:id}/archive", ArchiveAsync)
            .RecordsBefore(SaleEndpoints.ReadAsync)
            .WithName("archiveSale")
            .WithSummary("Archive a sale")
            .WithDescription(
                "Stores the export of a sale that is closed and settled, and removes the sale from Redis and from the storefront. Its "
                + "orders stay readable. 409 with the reasons while something of it can change. May be repeated; a request that was "
                + "interrupted is finished by the next one, or by itself.")
            .Produces<SaleArchive>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownSale, Refusals.NotArchivable);
        sales.MapGet("/{saleId:id}/export", ExportAsync)
            .WithName("exportSale")
            .WithSummary("Read everything of a sale")
            .WithDescription(
                "NDJSON: one object in each line, with its type: sale, item, order, payment, refund, stock-change, ledger. It names no "
                + "buyer. Of an archived sale it is what was stored, else what the sale is now. The header Content-Digest has its SHA-256.")
            .WithMetadata(new DescribedHeader(
                200, "Content-Digest", "SHA-256 of the body (RFC 9530).", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"))
            .Produces<string>(StatusCodes.Status200OK, SaleExport.ContentType)
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownSale);
    }

    private static async Task<IResult> ArchiveAsync(
        long saleId, HttpContext http, SaleArchiver archiver, CancellationToken cancellationToken) =>
        await archiver.ArchiveAsync(saleId, OperatorIdentity.Of(http).Name, cancellationToken) switch
        {
            ({ } archive, _) => Results.Json(archive),
            (_, { Count: > 0 } reasons) => Refusals.NotArchivableBecause(reasons),
            _ => Refusals.UnknownSale,
        };

    private static async Task<IResult> ExportAsync(
        HttpContext http, long saleId, NpgsqlDataSource database, SaleStore sales, SaleArchiver archiver,
        CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is null)
        {
            return Refusals.UnknownSale;
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        if (await archiver.FindAsync(saleId, cancellationToken) is { } archive)
        {
            await WriteAsync(
                http, Convert.FromHexString(archive.Sha256), archive.Bytes,
                SaleArchiver.PiecesAsync(connection, saleId, cancellationToken), cancellationToken);
            return Results.Empty;
        }

        // Twice, from one snapshot: the digest comes first.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var bytes = 0L;
        await foreach (var (content, _) in SaleExport.ReadAsync(connection, saleId, cancellationToken))
        {
            hash.AppendData(content);
            bytes += content.Length;
        }

        await WriteAsync(
            http, hash.GetHashAndReset(), bytes, SaleExport.ReadAsync(connection, saleId, cancellationToken).Select(piece => piece.Content),
            cancellationToken);
        return Results.Empty;
    }

    private static async Task WriteAsync(
        HttpContext http, byte[] digest, long bytes, IAsyncEnumerable<byte[]> pieces, CancellationToken cancellationToken)
    {
        http.Response.ContentType = SaleExport.ContentType;
        http.Response.ContentLength = bytes;
        http.Response.Headers["Content-Digest"] = $"sha-256=:{Convert.ToBase64String(digest)}:";
        // A whole sale may be read slowly.
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await foreach (var content in pieces)
        {
            await http.Response.Body.WriteAsync(content, cancellationToken);
        }
    }
}
