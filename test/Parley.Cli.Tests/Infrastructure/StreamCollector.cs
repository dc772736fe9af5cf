using System.Buffers;
using System.Text;

namespace Parley.Cli.Tests;

/// <summary>Reads a stream to its end on a thread of its own: a blocked read of a pipe must not take a pool thread away from the tests.</summary>
internal sealed class StreamCollector
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StreamCollector(Stream stream)
    {
        var thread = new Thread(() => Collect(stream)) { IsBackground = true };
        thread.Start();
    }

    public Task Ended => _ended.Task;

    public long Length
    {
        get
        {
            lock (_bytes)
                return _bytes.WrittenCount;
        }
    }

    public byte[] ToArray()
    {
        lock (_bytes)
            return _bytes.WrittenSpan.ToArray();
    }

    public string ToText() => Encoding.UTF8.GetString(ToArray());

    private void Collect(Stream stream)
    {
        byte[] buffer = new byte[128 * 1024];
        try
        {
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                lock (_bytes)
                    _bytes.Write(buffer.AsSpan(0, read));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The test has ended and closed the pipe.
        }

        _ended.TrySetResult();
    }
}
