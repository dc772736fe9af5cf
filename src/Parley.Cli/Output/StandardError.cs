using System.Text;
using Parley.Cli.Interop;

namespace Parley.Cli.Output;

/// <summary>Writes lines to standard error, each with one write, so that lines of several processes do not mix.</summary>
internal static class StandardError
{
    private static readonly Lock Lock = new();
    private static bool _progressShown;

    /// <summary>Whether nothing is to be said at all: the exit code tells.</summary>
    internal static bool IsQuiet { get; set; }

    /// <summary>Whether it may carry colours: a terminal, and NO_COLOR is not set.</summary>
    internal static bool HasColor { get; } = !Console.IsErrorRedirected && Styles.AreWanted;

    internal static bool IsTerminal => !Console.IsErrorRedirected;

    internal static void WriteLine(string line) => Write(line + "\n", isProgress: false);

    /// <summary>Replaces the line that the cursor is on.</summary>
    internal static void WriteProgress(string line) => Write("\r" + line + "\u001b[K", isProgress: true);

    private static void Write(string text, bool isProgress)
    {
        if (IsQuiet)
            return;
        byte[] bytes = Encoding.UTF8.GetBytes(_progressShown && !isProgress ? "\r\u001b[K" + text : text);
        lock (Lock)
        {
            _progressShown = isProgress;

            // Where nobody reads it, or it is closed, there is nobody left to tell.
            _ = InheritedDescriptor.StandardError.Write(bytes);
        }
    }
}
