using System.Buffers;

namespace Parley.Tests.Messaging.Framing;

/// <summary>The same bytes as a sequence of one or more segments, some of them empty.</summary>
internal sealed class Segments
{
    private readonly Segment[] _segments;

    public Segments(int most) => _segments = [.. Enumerable.Range(0, most).Select(static _ => new Segment())];

    public ReadOnlySequence<byte> Make(ReadOnlyMemory<byte> bytes, ref Dice dice)
    {
        if (dice.IsOneIn(2))
            return new ReadOnlySequence<byte>(bytes);
        int count = 2 + dice.Below(_segments.Length - 1);
        int from = 0;
        for (int i = 0; i < count; i++)
        {
            int to = i == count - 1 ? bytes.Length : from + dice.Below(bytes.Length - from + 1);
            _segments[i].Set(bytes[from..to], from, i == count - 1 ? null : _segments[i + 1]);
            from = to;
        }

        return new ReadOnlySequence<byte>(_segments[0], 0, _segments[count - 1], _segments[count - 1].Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public void Set(ReadOnlyMemory<byte> memory, long runningIndex, Segment? next)
        {
            Memory = memory;
            RunningIndex = runningIndex;
            Next = next;
        }
    }
}
