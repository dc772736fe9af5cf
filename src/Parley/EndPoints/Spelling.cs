namespace Parley;

/// <summary>Finds what a misspelt word was meant to be.</summary>
internal static class Spelling
{
    private const int MostEdits = 2;

    /// <summary>The word that comes closest, at most two edits away; <see langword="null"/> where none does.</summary>
    internal static string? Nearest(string misspelt, IEnumerable<string> words)
    {
        string? best = null;
        int bestDistance = Math.Min(MostEdits + 1, misspelt.Length);
        foreach (string word in words)
        {
            int distance = Distance(misspelt.ToLowerInvariant(), word);
            if (distance < bestDistance)
                (best, bestDistance) = (word, distance);
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
