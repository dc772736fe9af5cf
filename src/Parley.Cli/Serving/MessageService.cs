using System.Buffers;
using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>Says one thing to each client and closes: the tutorial's server.</summary>
internal sealed class MessageService(byte[] message) : Service
{
    // A message that fits the connection's buffer leaves in one packet with the end mark.
    private const int LargestBuffered = 64 * 1024;

    internal override string Description => $"give a message of {Units.Count(message.Length, "byte")} to";

    internal override ReadOnlyMemory<byte>? Reply => message;

    internal override long? Size => message.Length;

    internal override ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        if (message.Length > LargestBuffered)
            return ServeLargeAsync(client, cancellationToken);
        client.Output.Write(message);
        return client.CompleteWritesAsync(cancellationToken);
    }

    private async ValueTask ServeLargeAsync(Connection client, CancellationToken cancellationToken)
    {
        await client.Output.WriteAsync(message, cancellationToken);
        await client.CompleteWritesAsync(cancellationToken);
    }
}
