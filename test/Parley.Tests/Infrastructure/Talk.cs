using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Tests;

/// <summary>
/// What programs do with a connection. Nothing here goes back to the test's synchronization context, so that code runs where the
/// library lets it run.
/// </summary>
internal static class Talk
{
    public static async Task SendAsync(Connection connection, ReadOnlyMemory<byte> bytes)
    {
        FlushResult result = await connection.Output.WriteAsync(bytes).ConfigureAwait(false);
        Assert.False(result.IsCanceled);
    }

    public static Task SendAsync(Connection connection, string text) => SendAsync(connection, Encoding.UTF8.GetBytes(text));

    public static async Task SendAndEndAsync(Connection connection, ReadOnlyMemory<byte> bytes)
    {
        await SendAsync(connection, bytes).ConfigureAwait(false);
        await connection.CompleteWritesAsync().ConfigureAwait(false);
    }

    public static async Task<byte[]> ReadToEndAsync(Connection connection)
    {
        var all = new ArrayBufferWriter<byte>();
        while (true)
        {
            ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                all.Write(segment.Span);
            connection.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return all.WrittenSpan.ToArray();
        }
    }

    public static async Task<string> ReadTextToEndAsync(Connection connection)
        => Encoding.UTF8.GetString(await ReadToEndAsync(connection).ConfigureAwait(false));

    public static async Task<byte[]> ReadExactlyAsync(Connection connection, int size)
    {
        ReadResult result = await connection.Input.ReadAtLeastAsync(size).ConfigureAwait(false);
        Assert.True(result.Buffer.Length >= size, $"the end after {result.Buffer.Length} of {size} bytes");
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, size);
        byte[] bytes = taken.ToArray();
        connection.Input.AdvanceTo(taken.End);
        return bytes;
    }

    /// <summary>The same for much, taken as it comes.</summary>
    public static async Task<byte[]> ReadExactlyInPiecesAsync(Connection connection, int size)
    {
        byte[] all = new byte[size];
        for (int filled = 0; filled < size;)
        {
            ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
            ReadOnlySequence<byte> taken = result.Buffer.Slice(0, Math.Min(size - filled, result.Buffer.Length));
            taken.CopyTo(all.AsSpan(filled));
            filled += (int)taken.Length;
            connection.Input.AdvanceTo(taken.End);
            Assert.True(filled == size || !result.IsCompleted, $"the end after {filled} of {size} bytes");
        }

        return all;
    }

    public static async Task<string> ReadTextAsync(Connection connection, int size)
        => Encoding.UTF8.GetString(await ReadExactlyAsync(connection, size).ConfigureAwait(false));

    public static async Task<byte[]> HashToEndAsync(Connection connection)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (true)
        {
            ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                hash.AppendData(segment.Span);
            connection.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return hash.GetHashAndReset();
        }
    }

    /// <summary>Sends back what comes until the peer ends.</summary>
    public static async Task EchoAsync(Connection connection)
    {
        while (true)
        {
            ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                await connection.Output.WriteAsync(segment).ConfigureAwait(false);
            connection.Input.AdvanceTo(result.Buffer.End);
            if (!result.IsCompleted)
                continue;
            await connection.CompleteWritesAsync().ConfigureAwait(false);
            return;
        }
    }

    /// <summary>Sends a message, waits for all of it to come back, and so on.</summary>
    public static async Task PingPongAsync(Connection connection, int rounds, int size)
    {
        byte[] message = Payload.Random(size);
        for (int round = 0; round < rounds; round++)
        {
            message[0] = (byte)round;
            await connection.Output.WriteAsync(message).ConfigureAwait(false);
            while (true)
            {
                ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
                if (result.Buffer.Length >= size || result.IsCompleted)
                {
                    Check(result.Buffer, message, round);
                    connection.Input.AdvanceTo(result.Buffer.End);
                    break;
                }

                connection.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }
    }

    private static void Check(in ReadOnlySequence<byte> answer, byte[] message, int round)
    {
        Span<byte> copy = stackalloc byte[message.Length];
        if (answer.Length == message.Length)
            answer.CopyTo(copy);
        if (!copy.SequenceEqual(message))
            throw new InvalidOperationException($"round {round}: {answer.Length} bytes came back, and not what was sent");
    }
}
