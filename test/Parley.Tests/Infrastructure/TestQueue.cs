namespace Parley.Tests;

/// <summary>A message queue of one test, gone when the test ends. Small: a user's queues share a few hundred kilobytes.</summary>
internal sealed class TestQueue : IDisposable
{
    public const int Capacity = 8;
    public const int MessageSize = 512;

    private static int _count;

    public TestQueue(int capacity = Capacity, int messageSize = MessageSize, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
        => NamedObject.Create(EndPoint, new NamedObjectOptions { Capacity = capacity, MessageSize = messageSize, Mode = mode });

    public MessageQueueEndPoint EndPoint { get; } = UniqueEndPoint();

    /// <summary>A name that no other test has, in this process or another one.</summary>
    public static MessageQueueEndPoint UniqueEndPoint() => new($"/parley-test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");

    public Task<MessageChannel> OpenAsync(ConnectionDirection direction = ConnectionDirection.Both, TimeSpan? spin = null, bool inline = false)
    {
        var options = new MessageChannelOptions { Direction = direction, RunContinuationsInline = inline };
        options.SpinTime = spin ?? options.SpinTime;
        return MessageChannel.OpenAsync(EndPoint, options).Within();
    }

    public void Dispose() => NamedObject.Remove(EndPoint);
}
