namespace Parley;

/// <summary>Keeps passwords out of everything that is shown.</summary>
internal static class Redaction
{
    private const string Hidden = "***";

    /// <summary>Hides in a text about <paramref name="uri"/> what stands in it where a user and a password would.</summary>
    internal static string Of(string uri, string text)
        => Secret(uri) is { Length: > 0 } secret ? text.Replace(secret, Hidden, StringComparison.Ordinal) : text;

    /// <summary>Whether there is something to hide.</summary>
    internal static bool IsNeeded(string uri) => Secret(uri).Length > 0;

    // A path and a name may well contain an @; everywhere else what precedes it is somebody's name and password.
    private static string Secret(string uri)
    {
        int at = uri.LastIndexOf('@');
        if (at < 0 || uri.StartsWith(Schemes.Unix + ":", StringComparison.OrdinalIgnoreCase) || uri.StartsWith(Schemes.Memory + ":", StringComparison.OrdinalIgnoreCase))
            return "";
        int slashes = uri.IndexOf("//", StringComparison.Ordinal);
        int colon = uri.IndexOf(':', slashes >= 0 && slashes < at ? slashes : 0);
        return colon >= 0 && colon < at ? uri[(colon + 1)..at] : "";
    }
}
