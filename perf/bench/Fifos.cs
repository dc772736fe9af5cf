using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Parley.Bench.Sample;

namespace Parley.Bench;

/// <summary>fifo-send PATH CHUNK BYTES writes zeros, CHUNK bytes with each call; fifo-receive PATH BYTES prints how many GB came in a second.</summary>
internal static class Fifos
{
    internal static async Task SendAsync(string[] arguments)
    {
        await using Connection fifo = await ConnectAsync(arguments[0], ConnectionDirection.SendOnly).ConfigureAwait(false);
        Memory<byte> chunk = AtCacheLine(Number(arguments[1]));
        for (long left = long.Parse(arguments[2], CultureInfo.InvariantCulture); left > 0; left -= chunk.Length)
            await fifo.Output.WriteAsync(chunk[..(int)Math.Min(left, chunk.Length)]).ConfigureAwait(false);
    }

    internal static async Task ReceiveAsync(string[] arguments)
    {
        await using Connection fifo = await ConnectAsync(arguments[0], ConnectionDirection.ReceiveOnly).ConfigureAwait(false);
        long total = 0;
        long started = 0;
        while (true)
        {
            ReadResult result = await fifo.Input.ReadAsync().ConfigureAwait(false);
            if (started == 0)
                started = Stopwatch.GetTimestamp();
            total += result.Buffer.Length;
            fifo.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                break;
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (total != long.Parse(arguments[1], CultureInfo.InvariantCulture))
            throw new InvalidDataException($"{total} bytes came instead of {arguments[1]}");
        Console.WriteLine((total / 1e9 / seconds).ToString("0.0000", CultureInfo.InvariantCulture));
    }

    // As C's is: from elsewhere the kernel copies 3 % more slowly.
    private static unsafe Memory<byte> AtCacheLine(int length)
    {
        const int Line = 64;
        byte[] bytes = GC.AllocateArray<byte>(length + Line, pinned: true);
        nint address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(bytes));
        return bytes.AsMemory((int)(-address & (Line - 1)), length);
    }

    private static ValueTask<Connection> ConnectAsync(string path, ConnectionDirection direction)
        => Connection.ConnectAsync(new FifoEndPoint(path), new ConnectionOptions { Direction = direction, RunContinuationsInline = true });
}
