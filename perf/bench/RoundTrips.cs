using System.Diagnostics;

namespace Parley.Bench;

/// <summary>
/// The messages of round trips, and their time. They are sent and received in blocks that fit into the first cache, so that the figure is what a channel
/// costs and not what memory does; between two blocks the clock stands, and what came back is compared. Each block's messages are others than those of the
/// block before. There is hardly any time between two blocks: an echo that may sleep must not have a reason to.
/// </summary>
internal sealed class RoundTrips
{
    private const int InABlock = 128;

    private byte[] _next;
    private int _warmUpBlocksLeft;
    private int _blocksLeft;
    private long _started;

    /// <summary>Whole blocks of them.</summary>
    /// <param name="size">Of a message, in bytes.</param>
    /// <param name="count">How many are timed, at least.</param>
    /// <param name="warmUp">How many come before them, at least.</param>
    internal RoundTrips(int size, int count, int warmUp)
    {
        Size = size;
        Sent = new byte[size * InABlock];
        new Random(1).NextBytes(Sent);
        _next = Array.ConvertAll(Sent, b => (byte)(b + 1));
        Received = new byte[Sent.Length];
        _warmUpBlocksLeft = Blocks(warmUp);
        _blocksLeft = Blocks(count);
        Count = _blocksLeft * InABlock;
        _started = Stopwatch.GetTimestamp();
    }

    /// <summary>Of a message, in bytes.</summary>
    internal int Size { get; }

    /// <summary>Where this block's messages are. They change with <see cref="Next"/>, as <see cref="At"/> does.</summary>
    internal byte[] Sent { get; private set; }

    /// <summary>Where they belong when they are back.</summary>
    internal byte[] Received { get; }

    /// <summary>Where the message that is next begins, in both.</summary>
    internal int At { get; private set; }

    /// <summary>How many are timed.</summary>
    internal int Count { get; }

    /// <summary>Of all <see cref="Count"/>.</summary>
    internal long Ticks { get; private set; }

    /// <summary>After each message that is back: whether there is another one.</summary>
    internal bool Next()
    {
        At += Size;
        return At < Sent.Length || NextBlock();
    }

    private static int Blocks(int messages) => (messages + InABlock - 1) / InABlock;

    private bool NextBlock()
    {
        long ticks = Stopwatch.GetTimestamp() - _started;
        if (!Sent.AsSpan().SequenceEqual(Received))
            throw new InvalidDataException("what came is not what was sent");
        if (_warmUpBlocksLeft > 0)
        {
            _warmUpBlocksLeft--;
        }
        else
        {
            Ticks += ticks;
            _blocksLeft--;
        }

        (Sent, _next) = (_next, Sent);
        At = 0;
        _started = Stopwatch.GetTimestamp();
        return _blocksLeft > 0;
    }
}
