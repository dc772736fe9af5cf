using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>Cuts standard input into messages. What it holds is bounded by the longest message.</summary>
/// <param name="input">Standard input.</param>
/// <param name="cut">How.</param>
/// <param name="maxSize">The longest message that there is any use for, in bytes.</param>
/// <param name="target">Where messages go, for words.</param>
internal sealed class MessageInput(PipeReader input, InputCut cut, int maxSize, EndPoint target)
{
    private const int LengthSize = sizeof(uint);

    private SequencePosition? _next;
    private byte[] _joined = [];
    private long _count;
    private long _searched;
    private long _rest;
    private bool _isRestOpen;
    private bool _isOver;

    /// <summary>What was read behind the message that was taken last, in words; <see langword="null"/> where that is nothing.</summary>
    internal string? Rest => _rest == 0 ? null : Units.Count(_rest, "byte") + (_isRestOpen ? " of a message that had no end yet" : " that were read");

    /// <summary>The message that was taken last, in words.</summary>
    internal string Name => Named(_count);

    /// <summary>The next message; valid until the one after it is asked for.</summary>
    /// <returns><see langword="null"/> when there is none.</returns>
    /// <exception cref="ConnectionException">It is longer than any that can be sent, or the input ends within it.</exception>
    internal async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        if (_next is { } next)
            input.AdvanceTo(next);
        _next = null;
        while (!_isOver)
        {
            ReadResult result = await input.ReadAsync(cancellationToken);
            if (TryCut(result.Buffer, result.IsCompleted, out ReadOnlySequence<byte> message, out SequencePosition end))
            {
                bool isWhole = result.IsCompleted || message.Length < result.Buffer.Length;
                if (message.Length > maxSize)
                    throw TooLong(isWhole ? message.Length : null);
                _count++;
                _next = end;
                _rest = result.Buffer.Slice(end).Length;
                _isRestOpen = false;
                return Join(message);
            }

            _rest = result.Buffer.Length;
            _isRestOpen = true;
            _isOver = result.IsCompleted;
            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        return null;
    }

    private bool TryCut(ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> message, out SequencePosition end)
    {
        switch (cut)
        {
            case InputCut.Len32:
                return TryCutLength(buffer, isLast, out message, out end);
            case InputCut.Whole:
                message = buffer;
                end = buffer.End;
                _isOver = isLast;
                return isLast || buffer.Length > maxSize;
            default:
                return TryCutAt(cut == InputCut.Nul ? (byte)0 : (byte)'\n', buffer, isLast, out message, out end);
        }
    }

    private bool TryCutAt(byte mark, ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> message, out SequencePosition end)
    {
        message = buffer;
        end = buffer.End;
        if (buffer.Slice(_searched).PositionOf(mark) is { } found)
        {
            message = buffer.Slice(0, found);
            end = buffer.GetPosition(1, found);
            _searched = 0;
            return true;
        }

        // A long line comes in many pieces: each is searched once.
        bool isCut = (isLast && !buffer.IsEmpty) || buffer.Length > maxSize;
        _searched = isCut ? 0 : buffer.Length;
        return isCut;
    }

    private bool TryCutLength(ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> message, out SequencePosition end)
    {
        message = buffer;
        end = buffer.End;
        if (buffer.Length >= LengthSize)
        {
            Span<byte> prefix = stackalloc byte[LengthSize];
            buffer.Slice(0, LengthSize).CopyTo(prefix);
            uint length = BinaryPrimitives.ReadUInt32BigEndian(prefix);
            if (length > (uint)maxSize)
                throw TooLong(length);
            if (buffer.Length - LengthSize >= length)
            {
                message = buffer.Slice(LengthSize, length);
                end = message.End;
                return true;
            }
        }

        return isLast && !buffer.IsEmpty
            ? throw new ConnectionException(Step.Read, Reason.Corrupt, StandardStreamsEndPoint.Instance, $"it ends within {Named(_count + 1)}")
            : false;
    }

    private string Named(long number) => cut == InputCut.Whole ? "the message" : $"message {number}";

    private ConnectionException TooLong(long? length) => UnfitMessage.TooLong(Named(_count + 1), length, target, maxSize);

    private ReadOnlyMemory<byte> Join(ReadOnlySequence<byte> message)
    {
        if (message.IsSingleSegment)
            return message.First;
        int length = (int)message.Length;
        if (_joined.Length < length)
            _joined = GC.AllocateUninitializedArray<byte>(Math.Max(length, Math.Min(maxSize, 2 * _joined.Length)));
        message.CopyTo(_joined);
        return _joined.AsMemory(0, length);
    }
}
