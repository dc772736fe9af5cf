using System.Runtime.InteropServices;
using System.Text;
using Parley.Cli.Interop;

namespace Parley.Cli.Output;

/// <summary>Standard output for what the command itself has to say: help, tables, JSON.</summary>
internal sealed class StandardOutput : TextWriter
{
    private const int LongestKept = 16 * 1024;

    private readonly StringBuilder _kept = new();

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Writes text.</summary>
    /// <exception cref="UnauthorizedAccessException">It is closed.</exception>
    /// <exception cref="IOException">The system did not take it. Where nobody reads any more there is nobody to tell.</exception>
    internal static void Print(string text)
    {
        int error = InheritedDescriptor.StandardOutput.Write(Encoding.UTF8.GetBytes(text));
        if (error == InheritedDescriptor.EBADF)
            throw new UnauthorizedAccessException("standard output is closed");
        if (error is not 0 and not InheritedDescriptor.EPIPE)
            throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
    }

    /// <summary>Writes text and the end of the line.</summary>
    /// <exception cref="IOException">As with <see cref="Print"/>.</exception>
    internal static void PrintLine(string line) => Print(line + "\n");

    public override void Write(char value) => Keep([value]);

    public override void Write(string? value) => Keep(value);

    public override void Write(char[] buffer, int index, int count) => Keep(buffer.AsSpan(index, count));

    public override void Flush()
    {
        string text = _kept.ToString();
        _kept.Clear();
        if (text.Length > 0)
            Print(text);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Flush();
        base.Dispose(disposing);
    }

    private void Keep(ReadOnlySpan<char> text)
    {
        _kept.Append(text);
        if (_kept.Length >= LongestKept)
            Flush();
    }
}
