using System.Buffers;
using System.Buffers.Binary;

namespace Parley;

/// <summary>What the frames of one framing look like: finds them, and makes them.</summary>
internal readonly struct FrameFormat
{
    private const int HeaderSize = sizeof(uint);

    private readonly bool _hasHeader;
    private readonly byte _delimiter;

    internal FrameFormat(MessageFraming framing, int maxMessageSize)
    {
        _hasHeader = framing == MessageFraming.Len32;
        _delimiter = framing == MessageFraming.Line ? (byte)'\n' : (byte)0;
        MaxMessageSize = maxMessageSize;
    }

    internal int MaxMessageSize { get; }

    /// <summary>How many bytes a frame has besides its message.</summary>
    internal int Overhead => _hasHeader ? HeaderSize : 1;

    /// <summary>What ends a frame, in words.</summary>
    internal string DelimiterName => _delimiter == 0 ? "zero byte" : "line feed";

    /// <summary>Whether a frame can carry the message: one between delimiters cannot contain the delimiter.</summary>
    internal bool CanCarry(ReadOnlySpan<byte> message) => _hasHeader || !message.Contains(_delimiter);

    /// <summary>Makes a frame.</summary>
    /// <param name="message">Its message.</param>
    /// <param name="frame">Where to; as long as the message and the <see cref="Overhead"/>.</param>
    internal void Write(ReadOnlySpan<byte> message, Span<byte> frame)
    {
        if (_hasHeader)
        {
            BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)message.Length);
            message.CopyTo(frame[HeaderSize..]);
        }
        else
        {
            message.CopyTo(frame);
            frame[message.Length] = _delimiter;
        }
    }

    /// <summary>Looks for the first frame.</summary>
    /// <param name="bytes">What has come and is not taken.</param>
    /// <param name="searched">
    /// How many of these bytes hold no delimiter, as an earlier call has found out: they are not searched again, else a long line that comes
    /// in small pieces would take quadratic time. 0 for bytes that are new.
    /// </param>
    internal Frame Find(in ReadOnlySequence<byte> bytes, ref int searched) => _hasHeader ? FindByHeader(bytes) : FindByDelimiter(bytes, ref searched);

    private Frame FindByHeader(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.Length < HeaderSize)
            return default;
        uint length = ReadHeader(bytes);
        if (length > (uint)MaxMessageSize)
            return new Frame(FrameStatus.TooLarge, HeaderSize, length, 0);
        int end = HeaderSize + (int)length;
        return bytes.Length < end ? default : new Frame(FrameStatus.Whole, HeaderSize, length, end);
    }

    private static uint ReadHeader(in ReadOnlySequence<byte> bytes)
    {
        if (BinaryPrimitives.TryReadUInt32BigEndian(bytes.FirstSpan, out uint length))
            return length;
        Span<byte> header = stackalloc byte[HeaderSize];
        bytes.Slice(0, HeaderSize).CopyTo(header);
        return BinaryPrimitives.ReadUInt32BigEndian(header);
    }

    private Frame FindByDelimiter(in ReadOnlySequence<byte> bytes, ref int searched)
    {
        // The delimiter stands at most behind the longest message.
        int most = (int)Math.Min(bytes.Length, MaxMessageSize + 1L);
        int found = bytes.IsSingleSegment
            ? bytes.FirstSpan[searched..most].IndexOf(_delimiter)
            : IndexOf(bytes.Slice(searched, most - searched), _delimiter);
        if (found >= 0)
        {
            searched += found;
            return new Frame(FrameStatus.Whole, 0, searched, searched + 1);
        }

        searched = most;
        return most > MaxMessageSize ? new Frame(FrameStatus.TooLarge, 0, 0, 0) : default;
    }

    private static int IndexOf(in ReadOnlySequence<byte> bytes, byte value)
    {
        int before = 0;
        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            int found = segment.Span.IndexOf(value);
            if (found >= 0)
                return before + found;
            before += segment.Length;
        }

        return -1;
    }
}
