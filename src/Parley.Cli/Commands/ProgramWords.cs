namespace Parley.Cli.Commands;

/// <summary>
/// The program and its arguments behind <c>--</c>. They are set aside before anything else is read: whatever they look like, they are
/// not the command's.
/// </summary>
internal sealed class ProgramWords
{
    internal const string EndPoint = "exec:";
    internal const string Option = "--exec";

    private const string Separator = "--";

    private readonly string[] _words;

    private ProgramWords(string[] words) => _words = words;

    /// <summary>Takes the program's words off the command line, where a program is meant.</summary>
    internal static ProgramWords TakeFrom(ref string[] arguments)
    {
        int end = Array.IndexOf(arguments, Separator);
        if (end < 0 || !arguments.AsSpan(0, end).ContainsAnyProgram())
            return new ProgramWords([]);
        string[] own = arguments[(end + 1)..];
        var words = new ProgramWords(own.Any(static word => word.Contains('\uFFFD')) ? Undecoded(own) : own);
        arguments = arguments[..end];
        return words;
    }

    // The runtime decodes arguments, and what is no UTF-8 in them is lost by that; the kernel still has their bytes.
    private static string[] Undecoded(string[] decoded)
    {
        string[] all = EscapedUtf8.Decode(File.ReadAllBytes("/proc/self/cmdline")).Split('\0');

        // A NUL closes each, the last one too.
        return all.Length > decoded.Length ? all[^(decoded.Length + 1)..^1] : decoded;
    }

    internal static bool IsEndPoint(string? word) => string.Equals(word, EndPoint, StringComparison.OrdinalIgnoreCase);

    /// <summary>The endpoint that they are.</summary>
    /// <param name="example">What a right command line looks like.</param>
    internal ProcessEndPoint Get(string example)
    {
        if (_words.Length == 0 || _words[0].Length == 0)
            throw new UsageException("a program is missing", $"it stands behind --, with its arguments: {example}");
        return new ProcessEndPoint(_words[0], _words[1..]);
    }
}

file static class Words
{
    internal static bool ContainsAnyProgram(this Span<string> words)
    {
        foreach (string word in words)
        {
            if (word == ProgramWords.Option || ProgramWords.IsEndPoint(word))
                return true;
        }

        return false;
    }
}
