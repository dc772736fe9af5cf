using System.Text;

namespace Parley.Cli.Output;

/// <summary>Standard output for what the command itself has to say: help, tables, JSON. Opened when there is something to write.</summary>
internal sealed class StandardOutput : TextWriter
{
    private StreamWriter? _writer;

    public override Encoding Encoding => Encoding.UTF8;

    private StreamWriter Writer => _writer ??= new StreamWriter(Open());

    /// <summary>Opens it as a stream.</summary>
    /// <exception cref="UnauthorizedAccessException">It is closed.</exception>
    internal static Stream Open() => Console.OpenStandardOutput();

    public override void Write(char value) => Writer.Write(value);

    public override void Write(string? value) => Writer.Write(value);

    public override void Write(char[] buffer, int index, int count) => Writer.Write(buffer, index, count);

    public override void Flush() => _writer?.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _writer?.Dispose();
        base.Dispose(disposing);
    }
}
