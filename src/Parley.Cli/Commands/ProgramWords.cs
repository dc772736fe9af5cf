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
        var words = new ProgramWords(arguments[(end + 1)..]);
        arguments = arguments[..end];
        return words;
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
