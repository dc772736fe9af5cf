using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>Writes messages to standard output, each with a flush of its own: what was taken is not kept.</summary>
internal sealed class MessagePrinter(Connection standard, OutputForm form)
{
    private const string ErrorPipe = "EPIPE";

    /// <summary>Whether standard output is a screen, where a peer's control characters must not act.</summary>
    private readonly bool _escapes = !Console.IsOutputRedirected;

    /// <summary>Cancelled when nobody reads standard output any more.</summary>
    internal CancellationToken Closed => standard.Closed;

    internal static bool IsOutputClosed(ConnectionException failure)
        => failure.Step == Step.Write && failure.EndPoint is StandardStreamsEndPoint && failure.ErrorName == ErrorPipe;

    /// <exception cref="ConnectionException">Standard output does not take it.</exception>
    internal async ValueTask PrintAsync(Message message, EndPoint? peer, CancellationToken cancellationToken)
    {
        PipeWriter output = standard.Output;
        if (form == OutputForm.Json)
            MessageJson.Write(output, message, peer);
        else if (_escapes)
            Escape(output, message.Body.Span);
        else
            Write(output, message.Body.Span);
        await output.FlushAsync(cancellationToken);
    }

    private void Write(PipeWriter output, ReadOnlySpan<byte> body)
    {
        if (form == OutputForm.Len32)
        {
            BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(sizeof(uint)), (uint)body.Length);
            output.Advance(sizeof(uint));
        }

        output.Write(body);
        if (form == OutputForm.Line)
            output.Write("\n"u8);
        else if (form == OutputForm.Nul)
            output.Write("\0"u8);
    }

    private void Escape(PipeWriter output, ReadOnlySpan<byte> body)
    {
        // What a message ends with must not combine with the next one.
        var escaper = new TerminalEscaper();
        escaper.Append(body, output);
        escaper.Finish(output);
        if (form != OutputForm.Raw)
            output.Write("\n"u8);
    }
}
