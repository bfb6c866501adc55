using Seckill.Fuzz.Wire;
using Seckill.Shared.Security;

namespace Seckill.Fuzz.Cases;

/// <summary>Damages the request line, the identity and the other headers.</summary>
internal sealed class HeadFaults(Stage stage)
{
    private static readonly BuyerToken s_forger = new("a-key-of-a-forger-and-of-no-service-1", TimeProvider.System);

    /// <summary>One fault in the head.</summary>
    public void Damage(Draw draw, RawRequest request)
    {
        switch (draw.Below(10))
        {
            // A second fault may undo the first.
            case 0 or 1 when request is { Operation.NeedsIdentity: true, MustBeRefused: false }: DamageIdentity(draw, request); break;
            case 2 when request.Body.Length > 0: DamageType(draw, request); break;
            case 3: SetKey(draw, request); break;
            case 4 or 5: DamageTarget(draw, request); break;
            case 6: Redirect(request, draw.From(HostileHeads.Methods), request.Target); break;
            case 7: Enlarge(draw, request); break;
            default: AddHeader(draw, request); break;
        }
    }

    private void DamageIdentity(Draw draw, RawRequest request)
    {
        if (request.Header("X-Signature")?.Split(',') is [var time, var hash])
        {
            request.MustBeRefused = true;
            request.Set("X-Signature", draw.From(
                null, "", time, hash, $"t=,{hash}", $"t=0,{hash}", $"t=9223372036854775807,{hash}", $"t=-1,{hash}", $"{time},v1=",
                $"{time},v1=zz", $"{time},v1={new string('0', 64)}", $"{time},v2={hash[3..]}", ",,,",
                $"{time},{string.Concat(Enumerable.Repeat(hash[..10] + ",", 300))}"));
            return;
        }

        var good = request.Header("Authorization");
        if (good?.Split(' ') is not ["Bearer", { Length: > 10 } token])
        {
            return;
        }

        request.MustBeRefused = true;
        if (draw.OneIn(8))
        {
            request.Headers.Add(("Authorization", good));
            return;
        }

        var isOps = token == stage.OpsKey;
        request.Set("Authorization", draw.From(
            null, "", "Bearer", "Bearer ", $"Bearer  {token}", token, $"Basic {token}", $"Bearer {token}x", $"Bearer {token[..^1]}",
            $"Bearer {token} {token}", $"{good}, {good}", "Bearer a.b.c", "Bearer ...",
            "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI3IiwiZXhwIjo5OTk5OTk5OTk5fQ.",
            isOps ? "Bearer " + stage.TokenOf(7) : "Bearer " + stage.OpsKey, "Bearer " + s_forger.Sign(7, TimeSpan.FromHours(1)),
            isOps ? "Bearer " + token.ToUpperInvariant() : "Bearer " + stage.TokenOf(7, seconds: -10), $"Bearer {new string('a', 5_000)}"));
    }

    private static void DamageType(Draw draw, RawRequest request)
    {
        if (draw.OneIn(4))
        {
            request.Set("Content-Type", draw.From("Application/JSON; Charset=UTF-8", "application/json;charset=\"utf-8\""));
            return;
        }

        request.Set("Content-Type", draw.From(HostileHeads.ContentTypes));
        request.MustBeRefused |= request.Operation?.Body is not null;
    }

    private static void SetKey(Draw draw, RawRequest request)
    {
        var key = draw.From(HostileHeads.Keys);
        if (draw.OneIn(5))
        {
            request.Headers.Add(("Idempotency-Key", key));
        }

        request.Set("Idempotency-Key", key);
        request.IsHttp &= key.All(char.IsAscii);
    }

    private static void DamageTarget(Draw draw, RawRequest request)
    {
        var path = request.Target.Split('?')[0];
        if (draw.OneIn(4))
        {
            Redirect(request, request.Method, path + draw.From(HostileHeads.Queries));
            return;
        }

        var segments = path.Split('/');
        var at = segments.Length == 1 ? 0 : 1 + draw.Below(segments.Length - 1);
        segments[at] = draw.From(HostileHeads.Segments);
        var target = draw.Below(14) switch
        {
            0 => path + "/",
            1 => path.Replace("/", "//", StringComparison.Ordinal),
            2 => path.ToUpperInvariant(),
            3 => "http://evil.example" + path,
            4 => $"{path}/{draw.From(HostileHeads.Segments)}",
            5 => path + new string('x', draw.From(500, 3_000, 9_000)),
            6 => draw.From(HostileHeads.Targets),
            7 => $"/{string.Join('/', Enumerable.Repeat("a", 300))}",
            8 => path + "#fragment",
            _ => string.Join('/', segments),
        };
        Redirect(request, request.Method, target);
    }

    // Wherever it leads now.
    private static void Redirect(RawRequest request, string method, string target)
    {
        (request.Method, request.Target) = (method, target);
        request.Operation = null;
        // Refused there for another reason, if at all.
        request.MustBeRefused = false;
        request.IsHttp = target.StartsWith('/') && target.Length < 7_000 && method.All(char.IsAsciiLetterUpper)
            && !target.Contains('%', StringComparison.Ordinal) && !target.Contains('#', StringComparison.Ordinal) && request.IsHttp;
    }

    private static void Enlarge(Draw draw, RawRequest request)
    {
        request.IsHttp = false;
        if (draw.OneIn(2))
        {
            request.Headers.AddRange(Enumerable.Range(0, draw.From(90, 101, 400)).Select(i => ($"X-Many-{i}", "x")));
        }
        else
        {
            var name = draw.From("X-Long", "Cookie", "traceparent", "Idempotency-Key", "If-None-Match");
            request.Headers.Add((name, new string('x', draw.From(8_000, 31_000, 33_000, 200_000))));
        }
    }

    private static void AddHeader(Draw draw, RawRequest request)
    {
        var (name, value) = draw.OneIn(12)
            ? draw.From(HostileHeads.BrokenHeaders) : draw.From(HostileHeads.Headers);
        request.IsHttp &= name != "Host" && name.All(character => char.IsAsciiLetterOrDigit(character) || character == '-')
            && name.Length > 0 && value.All(character => character is '\t' or >= ' ' and < '\x7f');
        request.Headers.Insert(draw.Below(request.Headers.Count + 1), (name, value));
        if (draw.OneIn(6))
        {
            request.Headers.Add((name, value));
        }
    }
}
