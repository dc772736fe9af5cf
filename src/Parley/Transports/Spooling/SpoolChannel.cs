using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Parley.Transports.Spooling;

/// <summary>
/// Takes messages into the slots of a file, hands out copies, and frees slots. Two locks: one for whoever takes and hands out, who may wait for the device, and within
/// it a short one for who owns which slot, which is all that an acknowledgement takes.
/// </summary>
internal sealed partial class SpoolChannel : MessageSpool
{
    private const int BatchOfOneSync = 64;
    private const int None = -1;

    private readonly MessageChannel _source;
    private readonly SpoolFile _file;
    private readonly bool _sync;
    private readonly ILogger _logger;
    private readonly Lock _taking = new();
    private readonly Lock _slots = new();

    // Slots whose messages wait to be handed out, the oldest first; and those without a message.
    private readonly PriorityQueue<int, long> _waiting = new();
    private readonly Stack<int> _free = new();
    private bool[] _wasDelivered;
    private IReadOnlyDictionary<string, string>?[] _properties;
    private int _armed = None;
    private long _nextSequence = 1;
    private int _held;
    private int _corrupt;
    private int _recovered;
    private bool _hasEnded;
    private bool _isUnsynced;
    private ConnectionException? _syncFailure;
    private bool _isDisposed;
    private long _messagesReceived;
    private long _bytesReceived;

    private SpoolChannel(MessageChannel source, SpoolFile file, SpoolSlots slots, MessageSpoolOptions options)
    {
        _source = source;
        _file = file;
        _sizes = slots;
        _sync = options.Fsync;
        _logger = options.LoggerFactory?.CreateLogger("Parley.Spool") ?? (ILogger)NullLogger.Instance;
        _wasDelivered = new bool[file.SlotCount];
        _properties = new IReadOnlyDictionary<string, string>?[file.SlotCount];
    }

    public override EndPoint? LocalEndPoint => _source.LocalEndPoint;

    public override EndPoint? RemoteEndPoint => _source.RemoteEndPoint;

    // The file may have been made for a source of longer messages, and hold them.
    public override int MaxMessageSize => Math.Max(_file.MessageSize, LongestFromSource);

    public override int MaxPriority => _source.MaxPriority;

    public override int Capacity => _file.SlotCount;

    public override int Corrupt => _corrupt;

    public override int Recovered => _recovered;

    public override int Unacknowledged => Volatile.Read(ref _held);

    public override MessageStatistics Statistics
        => new(Interlocked.Read(ref _messagesReceived), MessagesSent: 0, Interlocked.Read(ref _bytesReceived), BytesSent: 0, Truncated: 0);

    internal static SpoolChannel OpenFile(MessageChannel source, MessageSpoolOptions options)
    {
        EndPoint? asked = source.LocalEndPoint ?? source.RemoteEndPoint;
        SpoolSlots slots = SpoolSlots.For(source, options.Capacity);
        SpoolFile file = SpoolFile.Open(options.Path, slots.SizeAtFirst, slots.MayGrow, options.Capacity, options.Fsync, asked);
        try
        {
            var spool = new SpoolChannel(source, file, slots, options);
            spool.Find();
            return spool;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received)
    {
        lock (_taking)
        {
            CheckReceive();
            received = default;
            if (!HasWaiting && !_hasEnded)
                Take();
            if (HasWaiting)
            {
                SyncTaken();
                received = HandOut(buffer);
                return true;
            }

            if (_hasEnded)
                received = ReceivedMessage.End;
            return _hasEnded;
        }
    }

    public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default) => throw SendsNothing();

    public override ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
        => ValueTask.FromException(SendsNothing());

    public override ValueTask WaitToSendAsync(CancellationToken cancellationToken = default) => ValueTask.FromException(SendsNothing());

    /// <summary>Ends every wait, and leaves in the file what was not acknowledged.</summary>
    public override ValueTask DisposeAsync()
    {
        lock (_taking)
        {
            lock (_slots)
            {
                if (_isDisposed)
                    return ValueTask.CompletedTask;
                Volatile.Write(ref _isDisposed, true);
                if (_armed != None)
                    _file.Free(_armed);
                _file.Dispose();
            }
        }

        Interrupt();
        return new ValueTask(_filling.CancelAsync());
    }

    /// <summary>The message of a slot was dealt with.</summary>
    internal void Forget(int slot)
    {
        bool wasFull;
        lock (_slots)
        {
            CheckReceive();
            wasFull = _free.Count == 0;
            _file.Free(slot);
            _wasDelivered[slot] = false;
            _properties[slot] = null;
            _free.Push(slot);
            _held--;
            wasFull |= _wantedSize != 0 && _held == 0;
        }

        if (wasFull)
            Interrupt();
    }

    /// <summary>The message of a slot is to be handed out again.</summary>
    internal void PutBack(int slot)
    {
        lock (_slots)
        {
            CheckReceive();
            _waiting.Enqueue(slot, _file.Header(slot).Sequence);
        }

        Interrupt();
    }

    private bool HasWaiting
    {
        get
        {
            lock (_slots)
                return _waiting.Count > 0;
        }
    }

    /// <summary>Finds what an earlier process left.</summary>
    private void Find()
    {
        long last = 0;
        for (int slot = _file.SlotCount - 1; slot >= 0; slot--)
        {
            SlotFinding finding = _file.Examine(slot, out int length, out string? cause);
            switch (finding)
            {
                case SlotFinding.Free:
                    _free.Push(slot);
                    continue;
                case SlotFinding.Corrupt:
                    _corrupt++;
                    SpoolLog.Corrupt(_logger, slot, _file.Path, cause!);
                    continue;
                case SlotFinding.Recovered:
                    _recovered++;
                    _file.Recover(slot, length);
                    SpoolLog.Recovered(_logger, slot, _file.Path, length);
                    break;
                default:
                    _wasDelivered[slot] = true;
                    break;
            }

            long sequence = _file.Header(slot).Sequence;
            _waiting.Enqueue(slot, sequence);
            _held++;
            last = Math.Max(last, sequence);
        }

        _nextSequence = Math.Max(last, _file.LastSequence) + 1;
        _isUnsynced = _held > 0;
    }

    /// <summary>Takes what the source has: one message, or as many as one wait for the device is for.</summary>
    private void Take()
    {
        int atOnce = _sync ? BatchOfOneSync : 1;
        while (atOnce > 0 && TakeOne())
            atOnce--;
    }

    // A device that failed once may say the next time that all is well, and have lost what it failed with.
    private void SyncTaken()
    {
        if (_syncFailure is not null)
            throw new ConnectionException(Step.Receive, _syncFailure.Reason, LocalEndPoint, _syncFailure.Cause, _syncFailure.ErrorNumber, _syncFailure);
        if (!_sync || !_isUnsynced)
            return;
        try
        {
            _file.Sync();
            _isUnsynced = false;
        }
        catch (ConnectionException failure)
        {
            _syncFailure = failure;
            throw;
        }
    }

    private bool TakeOne()
    {
        if (!TryArm())
            return false;
        int slot = _armed;
        _file.Touch(slot);
        ReceivedMessage received;
        try
        {
            Span<byte> room = _file.Room(slot);
            if (!_source.TryReceive(room[..Math.Min(room.Length, _source.MaxMessageSize)], ref _file.Header(slot).Priority, out received))
                return false;
        }
        catch (ConnectionException longer) when (_sizes.MayGrow && longer is { Reason: Reason.TooLarge, UndeliveredBytes: 0, IsOverLimit: false })
        {
            Disarm();
            WantRoomFor(longer);
            return TakeOne();
        }
        catch
        {
            Disarm();
            throw;
        }

        if (received.IsEnd || received.Delivery is not null)
        {
            _hasEnded = received.IsEnd;
            Disarm();
            return received.IsEnd
                ? false
                : throw new InvalidOperationException("The source keeps its messages until they are acknowledged, and needs no spool.");
        }

        _file.Hold(slot, received.Length, received.Header.Priority);
        _isUnsynced = true;
        NoteLength(received.Length);
        lock (_slots)
        {
            _armed = None;
            _held++;
            _properties[slot] = received.Header.Properties;
            _waiting.Enqueue(slot, _file.Header(slot).Sequence);
        }

        return true;
    }

    /// <summary>Prepares the slot that the next message goes to, unless one is.</summary>
    /// <returns><see langword="false"/> where the spool is full.</returns>
    private bool TryArm()
    {
        if (_armed != None)
            return true;
        if (!HasRightSlots())
            return false;
        lock (_slots)
        {
            if (!_free.TryPop(out _armed))
            {
                _armed = None;
                return false;
            }
        }

        _file.Arm(_armed, _nextSequence++, _source.IsPriorityFirst);
        return true;
    }

    private void Disarm()
    {
        lock (_slots)
        {
            _file.Free(_armed);
            _free.Push(_armed);
            _armed = None;
        }
    }

    private ReceivedMessage HandOut(Span<byte> buffer)
    {
        int slot;
        bool wasDelivered;
        lock (_slots)
        {
            slot = _waiting.Peek();
            if (_file.Header(slot).Length > buffer.Length)
            {
                throw new ConnectionException(
                    Step.Receive, Reason.TooLarge, LocalEndPoint, $"a message of {_file.Header(slot).Length} bytes does not fit into a buffer of {buffer.Length}")
                { MessageLength = _file.Header(slot).Length };
            }

            _waiting.Dequeue();
            wasDelivered = _wasDelivered[slot];
            _wasDelivered[slot] = true;
        }

        ReadOnlySpan<byte> body = _file.Body(slot);
        body.CopyTo(buffer);
        Interlocked.Increment(ref _messagesReceived);
        Interlocked.Add(ref _bytesReceived, body.Length);
        SlotHeader header = _file.Header(slot);
        var said = new MessageHeader { Priority = (int)header.Priority, Properties = Properties(slot, in header) };
        return new ReceivedMessage(body.Length, said) { Delivery = new SpoolDelivery(this, slot, wasDelivered) };
    }

    private Dictionary<string, string> Properties(int slot, in SlotHeader header)
    {
        Dictionary<string, string> named = _properties[slot] is { } own ? new(own, StringComparer.Ordinal) : new(StringComparer.Ordinal);
        named.TryAdd(MessageHeader.MessageIdProperty, string.Create(CultureInfo.InvariantCulture, $"{_file.Id}-{header.Sequence}"));
        if ((header.Flags & SlotHeader.RecoveredFlag) != 0)
            named[RecoveredProperty] = "length found from the bytes";
        return named;
    }

    private void CheckReceive()
    {
        if (Volatile.Read(ref _isDisposed))
            throw Disposed();
    }

    private ConnectionException Disposed() => new(Step.Receive, Reason.Aborted, LocalEndPoint, "the spool was disposed");

    private ConnectionException SendsNothing() => new(Step.Send, Reason.Other, LocalEndPoint, "a spool receives only");
}
