namespace Seckill.Fuzz.Cases;

/// <summary>Parts of a request's head that clients should not send, or that services should not mind.</summary>
internal static class HostileHeads
{
    /// <summary>Of a body that is no JSON in UTF-8.</summary>
    public static IReadOnlyList<string> ContentTypes { get; } =
    [
        "", "text/plain", "application/xml", "application/jsonx", "application/problem+json", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json, text/plain", "nonsense", "*/*",
    ];

    /// <summary>Headers that must not change an answer.</summary>
    public static IReadOnlyList<(string Name, string Value)> Headers { get; } =
    [
        ("Range", "bytes=0-1"), ("Range", "bytes=-1"), ("If-Match", "\"x\""), ("If-None-Match", "*"),
        ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"), ("If-Unmodified-Since", "nonsense"), ("If-Range", "\"x\""),
        ("Accept", "text/html"), ("Accept", "nonsense;q=2"), ("Accept-Encoding", "gzip, br, *;q=0"),
        ("Accept-Language", "xx-a"), ("Content-Encoding", "gzip"), ("Content-Encoding", "br"),
        ("Content-Range", "bytes 0-1/2"), ("X-HTTP-Method-Override", "DELETE"), ("X-Forwarded-For", "1.2.3.4, nonsense, ::1"),
        ("X-Forwarded-Proto", "gopher"), ("Forwarded", "for=\"[::1]\""), ("X-Original-URL", "/dual-write"), ("Cookie", "a=b; c"),
        ("Origin", "https://evil.example"), ("Access-Control-Request-Method", "PUT"), ("Upgrade", "websocket"), ("Upgrade", "h2c"),
        ("Sec-WebSocket-Key", "x"), ("traceparent", "00-f"),
        ("traceparent", "00-00000000000000000000000000000000-0000000000000000-01"), ("tracestate", "a=b,,,"),
        ("baggage", "userId=1"), ("Last-Event-ID", "2"), ("Last-Event-ID", "-1"), ("Last-Event-ID", "99999999999999999999"),
        ("Last-Event-ID", "3"), ("Prefer", "respond-async"), ("Date", "nonsense"), ("From", "a@b"), ("Via", "1.0 x"),
        ("Max-Forwards", "0"), ("TE", "trailers"), ("Host", "evil.example"), ("Host", "localhost:99999"), ("DNT", ""),
        ("X-Empty", ""), ("X-Request-Id", "\t"), ("Expect", "100-continue"),
    ];

    /// <summary>Headers that are no HTTP.</summary>
    public static IReadOnlyList<(string Name, string Value)> BrokenHeaders { get; } =
    [
        ("Bad Name", "x"), ("", "x"), ("X-Nul", "a\0b"), ("X-Latin", "é"), ("X-Lf", "a\nX-Smuggled: b"),
        ("X:Colon", "x"), ("X-Cr", "a\rb"),
    ];

    /// <summary>Idempotency keys.</summary>
    public static IReadOnlyList<string> Keys { get; } =
    [
        "", " ", "two words", "tab\there", "café", new('k', 64), new('k', 65), "\"quoted\"", "a,b", "!~", "null", "\\", "%00",
        new('k', 3_000),
    ];

    /// <summary>Methods.</summary>
    public static IReadOnlyList<string> Methods { get; } =
    [
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "get", "Post", "PROPFIND", "QUERY",
        new('M', 40),
    ];

    /// <summary>Path segments in place of an id or of a name.</summary>
    public static IReadOnlyList<string> Segments { get; } =
    [
        "0", "-1", "0001", "+1", "%201", "1%20", "%2B1", "1.0", "1e1", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "1000000000000000000000000000000", "..", ".", "%2e%2e", "%2e", "..%2f..%2fhealth", "a%2fb", "%5c",
        "a%5cb", "%00", "x%00y", "%0d%0aX:%20y", "%ff", "%c0%af", "%ed%a0%80", "%f0%9f%98%80", "%u0031", "%", "%zz", "%2", "null",
        "NaN", "'%20or%20'1'='1", "*", "~", ";a=b", "a;b", "@", ":", "|", "00000000000000000000000000000000",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "0000000000000000000000000000000g", "",
    ];

    /// <summary>Whole targets.</summary>
    public static IReadOnlyList<string> Targets { get; } =
    [
        "*", "/", "", "x", "//", "/.", "/..", "/%2e%2e/", "?", "/health", "/metrics", "/sales", "/orders", "/favicon.ico", "/.env",
        "/scalar",
    ];

    /// <summary>Query strings.</summary>
    public static IReadOnlyList<string> Queries { get; } =
    [
        "?", "?a", "?=", "?&&", "?repair", "?repair=", "?repair=1", "?repair=TRUE", "?repair=true&repair=false", "?repair=%00",
        "?newer=", "?newer=postgres", "?newer=redis&newer=redis", "?newer=%ff", "?limit=-1", "?limit=0",
        "?limit=99999999999999999999", "?limit=x", "?after=x", "?after=%00", "?after=-1", "?%zz", "?a=%", "?a[]=1",
        "?repair[]=true", "?saleId=1", "?x=%f0%9f%98%80",
    ];
}
