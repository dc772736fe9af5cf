namespace Parley;

/// <summary>The schemes that endpoints are written with.</summary>
internal static class Schemes
{
    internal const string Tcp = "tcp";
    internal const string Unix = "unix";
    internal const string Memory = "mem";
    internal const string StandardStreams = "stdio";

    internal static readonly string[] All = [Tcp, Unix, StandardStreams, Memory];

    /// <summary>The scheme that a misspelt one comes closest to, at most two edits away.</summary>
    internal static string? Nearest(string misspelt)
    {
        string? best = null;
        int bestDistance = Math.Min(3, misspelt.Length);
        foreach (string scheme in All)
        {
            int distance = Distance(misspelt.ToLowerInvariant(), scheme);
            if (distance < bestDistance)
                (best, bestDistance) = (scheme, distance);
        }

        return best;
    }

    // Optimal string alignment: edits, and swaps of neighbours, which is what fingers do.
    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            table[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            table[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                int least = Math.Min(Math.Min(table[i - 1, j] + 1, table[i, j - 1] + 1), table[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    least = Math.Min(least, table[i - 2, j - 2] + 1);
                table[i, j] = least;
            }
        }

        return table[a.Length, b.Length];
    }
}
