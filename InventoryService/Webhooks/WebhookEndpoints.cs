using System.Globalization;
using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Webhooks;

/// <summary>Administration of the endpoints that get events.</summary>
internal static class WebhookEndpoints
{
    private const int MaximumBodyBytes = 4_096;
    private const int LongestUrl = 2_000;

    public static void Map(IEndpointRouteBuilder app)
    {
        var webhooks = app.MapGroup("/webhooks").ForOperators(
            new OperationGroup("Webhooks", "Endpoints of other services that get events of orders."));
        webhooks.MapPost("", CreateAsync)
            .WithName("createWebhook")
            .WithSummary("Send events of orders to an endpoint")
            .WithDescription(
                "Each event is posted as a CloudEvent with the headers of Standard Webhooks, signed with the secret of the endpoint, which "
                + "only this answer has. Any answer from 200 to 299 is a success. The others, redirects too, are retried after pauses that "
                + "grow; 410 ends it.")
            .Accepts<CreateWebhook>("application/json")
            .Produces<Webhook>(StatusCodes.Status201Created)
            .WithMetadata(new DescribedHeader(201, "Location", "The endpoint.", "/webhooks/1"), new AnswersSecret("secret"))
            .ProducesProblems(400, 401, 408, 413, 415, 503);
        webhooks.MapGet("", ListAsync)
            .WithName("listWebhooks")
            .WithMetadata(DescribedHeader.NextPage)
            .WithSummary("List the endpoints")
            .WithDescription(
                "The newest first, each with what it has and why it fails. " + ListPage.Description
                + "the id of the last endpoint of the page before.")
            .Produces<IReadOnlyList<Webhook>>()
            .ProducesProblems(400, 401, 503);
        webhooks.MapGet("/{webhookId:id}", FindAsync)
            .WithName("getWebhook")
            .WithSummary("Read an endpoint")
            .WithDescription("As in the list.")
            .Produces<Webhook>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownWebhook);
        webhooks.MapDelete("/{webhookId:id}", DeleteAsync)
            .WithName("deleteWebhook")
            .WithSummary("Send an endpoint nothing more")
            .WithDescription("An event that is on its way may still arrive.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.UnknownWebhook);
        webhooks.MapPost("/{webhookId:id}/replay", ReplayAsync)
            .WithName("replayWebhook")
            .WithSummary("Continue from another event")
            .WithDescription(
                "The endpoint gets the events behind after, whether it had them before or not; one that was dead is tried again. Its own "
                + "position as after leaves nothing out.")
            .Accepts<ReplayWebhook>("application/json")
            .Produces<Webhook>()
            .ProducesProblems(400, 401, 408, 413, 415, 503)
            .ProducesProblems(Refusals.UnknownWebhook);
    }

    private static async Task<IResult> CreateAsync(
        HttpRequest request, WebhookStore store, IHostEnvironment environment, CancellationToken cancellationToken)
    {
        var (webhook, problem) = await JsonBody.ReadAsync(request, WebhookJson.Default.CreateWebhook, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (Check(webhook!, environment) is { Count: > 0 } errors)
        {
            return Problem.Invalid(errors);
        }

        var created = await store.AddAsync(
            webhook!.Url!, webhook.Secret ?? WebhookSignature.NewSecret(), webhook.After, cancellationToken);
        request.HttpContext.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"/webhooks/{created.Id}");
        return Results.Json(created, WebhookJson.Default.Webhook, statusCode: StatusCodes.Status201Created);
    }

    private static Task<IResult> ListAsync(
        HttpContext http, WebhookStore store, CancellationToken cancellationToken, long? after = null, int? limit = null) =>
        ListPage.AnswerAsync(
            http, limit, size => store.ListAsync(after, size, cancellationToken), webhook => webhook.Id,
            WebhookJson.Default.IReadOnlyListWebhook);

    private static async Task<IResult> FindAsync(long webhookId, WebhookStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(webhookId, cancellationToken) is { } webhook
            ? Results.Json(webhook, WebhookJson.Default.Webhook)
            : Refusals.UnknownWebhook;

    private static async Task<IResult> DeleteAsync(long webhookId, WebhookStore store, CancellationToken cancellationToken) =>
        await store.DeleteAsync(webhookId, cancellationToken) ? Results.NoContent() : Refusals.UnknownWebhook;

    private static async Task<IResult> ReplayAsync(
        HttpRequest request, long webhookId, WebhookStore store, CancellationToken cancellationToken)
    {
        var (replay, problem) = await JsonBody.ReadAsync(request, WebhookJson.Default.ReplayWebhook, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (replay!.After is not >= 0)
        {
            return Problem.Invalid("after", "this must be the sequence of an event, or 0");
        }

        return await store.ReplayAsync(webhookId, replay.After.Value, cancellationToken)
            ? await FindAsync(webhookId, store, cancellationToken)
            : Refusals.UnknownWebhook;
    }

    private static Dictionary<string, string> Check(CreateWebhook webhook, IHostEnvironment environment)
    {
        var errors = new Dictionary<string, string>();
        if (webhook.Url is not { Length: > 0 and <= LongestUrl } || !Uri.TryCreate(webhook.Url, UriKind.Absolute, out var url)
            || !OutgoingHttp.IsAllowed(url, environment) || url.UserInfo.Length > 0)
        {
            errors["url"] = $"this must be an absolute https address without user and password, at most {LongestUrl} characters";
        }

        if (webhook.Secret is { } secret && !WebhookSignature.IsSecret(secret))
        {
            errors["secret"] = "this must be whsec_ and the base64 of 24 to 64 bytes";
        }

        if (webhook.After < 0)
        {
            errors["after"] = "this must be the sequence of an event, or 0";
        }

        return errors;
    }
}
