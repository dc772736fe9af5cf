namespace Parley.Transports.Descriptors;

/// <summary>Messages and their bytes. One thread at a time adds; any may read.</summary>
internal struct MessageCount
{
    private long _messages;
    private long _bytes;

    internal long Messages => Volatile.Read(ref _messages);

    internal long Bytes => Volatile.Read(ref _bytes);

    internal void Add(int length)
    {
        Volatile.Write(ref _messages, _messages + 1);
        Volatile.Write(ref _bytes, _bytes + length);
    }
}
