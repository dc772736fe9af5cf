using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using static Parley.Bench.Sample;

namespace Parley.Bench;

/// <summary>
/// shm-bytes-send PATH CHUNK BYTES writes zeros to one client after the other, CHUNK bytes with each call; shm-bytes-receive PATH BYTES reads one byte of
/// each line of the cache where it is, and prints how many GB came in a second.
/// </summary>
internal static class SharedMemoryBytes
{
    private const int Line = 64;

    internal static async Task SendAsync(string[] arguments)
    {
        byte[] chunk = new byte[Number(arguments[1])];
        long bytes = long.Parse(arguments[2], CultureInfo.InvariantCulture);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(new SharedMemoryEndPoint(arguments[0])).ConfigureAwait(false);
        while (await listener.AcceptAsync().ConfigureAwait(false) is { } connection)
        {
            await using (connection.ConfigureAwait(false))
            {
                for (long left = bytes; left > 0; left -= chunk.Length)
                    await connection.Output.WriteAsync(chunk.AsMemory(0, (int)Math.Min(left, chunk.Length))).ConfigureAwait(false);
            }
        }
    }

    internal static async Task ReceiveAsync(string[] arguments)
    {
        await using Connection connection = await Connection.ConnectAsync(new SharedMemoryEndPoint(arguments[0])).ConfigureAwait(false);
        long total = 0;
        long sum = 0;
        long started = 0;
        while (true)
        {
            ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
            if (started == 0)
                started = Stopwatch.GetTimestamp();
            sum += Sum(result.Buffer.FirstSpan);
            total += result.Buffer.Length;
            connection.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                break;
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (sum != 0 || total != long.Parse(arguments[1], CultureInfo.InvariantCulture))
            throw new InvalidDataException($"{total} bytes came instead of {arguments[1]}, or others");
        Console.WriteLine((total / 1e9 / seconds).ToString("0.0000", CultureInfo.InvariantCulture));
    }

    private static long Sum(ReadOnlySpan<byte> bytes)
    {
        long sum = 0;
        for (int i = 0; i < bytes.Length; i += Line)
            sum += bytes[i];
        return sum;
    }
}
