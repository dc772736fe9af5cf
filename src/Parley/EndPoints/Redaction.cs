namespace Parley;

/// <summary>Keeps passwords out of everything that is shown.</summary>
internal static class Redaction
{
    /// <summary>Replaces what stands between <c>user:</c> and <c>@</c>.</summary>
    internal static string Of(string uri)
    {
        int start = uri.IndexOf("://", StringComparison.Ordinal);
        int at = uri.LastIndexOf('@');
        if (start < 0 || at < start)
            return uri;
        int colon = uri.IndexOf(':', start + 3);
        return colon < 0 || colon > at ? uri : string.Concat(uri.AsSpan(0, colon + 1), "***", uri.AsSpan(at));
    }
}
