using System.IO.Pipelines;

namespace Parley.Cli.Serving;

/// <summary>Leaves a peer of whom no more is wanted: one that has said more than was taken is told so by a reset, any other meets an end.</summary>
internal static class Leave
{
    /// <summary>How long a close may wait for the peer, where it has to.</summary>
    internal static readonly TimeSpan LongestClose = TimeSpan.FromMilliseconds(500);

    /// <summary>Ends the input. The caller disposes the connection.</summary>
    /// <param name="channel">What has read it, and leaves it open: what it has not handed out is in the input once it is disposed.</param>
    /// <param name="connection">The connection.</param>
    internal static async ValueTask PrepareAsync(MessageChannel channel, Connection connection)
    {
        await channel.DisposeAsync();
        try
        {
            if (!IsToldByKernel(connection) && connection.Input.TryRead(out ReadResult rest) && !rest.Buffer.IsEmpty)
                connection.Abort();
            else
                await connection.Input.CompleteAsync();
        }
        catch (ConnectionException)
        {
            // It has broken off by itself, and had said enough.
            connection.Abort();
        }
    }

    /// <summary>Ends the input and closes.</summary>
    internal static async ValueTask CloseAsync(MessageChannel channel, Connection connection)
    {
        await PrepareAsync(channel, connection);
        try
        {
            await connection.DisposeAsync().AsTask().WaitAsync(LongestClose);
        }
        catch (TimeoutException)
        {
            connection.Abort();
        }
        catch (ConnectionException)
        {
            // What was wanted of it was taken, and nothing was said to it.
        }
    }

    // Of a socket's bytes the kernel tells if it has them still: to look would take them from it.
    private static bool IsToldByKernel(Connection connection)
        => !connection.TryGetTlsInformation(out _) && (connection.LocalEndPoint ?? connection.RemoteEndPoint) is not SharedMemoryEndPoint
            && connection.RemoteEndPoint is not SharedMemoryEndPoint;
}
