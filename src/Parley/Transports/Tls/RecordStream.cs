using System.Buffers;
using System.IO.Pipelines;

namespace Parley.Transports.Tls;

/// <summary>
/// The connection underneath, as the TLS engine sees it. What the engine writes goes into the connection's writer and no further: flushing is left
/// to whoever made it write, so that a wait for the peer can be cancelled without a record being torn.
/// </summary>
internal sealed class RecordStream(Connection inner) : Stream
{
    private const int LongestOpening = 16;

    // Taken by whoever makes the engine work on what was read, and by its goodbye: the engine itself keeps the two apart from writes only.
    private readonly SemaphoreSlim _turn = new(1, 1);

    private byte[] _opening = [];

    /// <summary>Whether the connection's end was met, and not only that of TLS.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>The first bytes that came, to say what came where it was no TLS.</summary>
    internal ReadOnlySpan<byte> Opening => _opening;

    /// <summary>While both sides take turns nobody else would send what is written.</summary>
    internal bool IsShakingHands { get; set; } = true;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Waits until the engine is not working on what was read; until <see cref="Leave"/> it does not, but while it waits for more.</summary>
    internal Task EnterAsync() => _turn.WaitAsync();

    internal void Leave() => _turn.Release();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ReadResult result = IsShakingHands
            ? await inner.Input.ReadAsync(cancellationToken).ConfigureAwait(false)
            : await ReadOutOfTurnAsync(cancellationToken).ConfigureAwait(false);
        int count = (int)Math.Min(result.Buffer.Length, buffer.Length);
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, count);
        taken.CopyTo(buffer.Span);
        if (_opening.Length == 0 && count > 0)
            _opening = buffer.Span[..Math.Min(count, LongestOpening)].ToArray();
        HasEnded = result.IsCompleted && result.Buffer.IsEmpty;

        // A read into nothing is a wait: what came is neither taken nor looked at.
        inner.Input.AdvanceTo(taken.End);
        return count;
    }

    // A goodbye need not wait for the peer.
    private async ValueTask<ReadResult> ReadOutOfTurnAsync(CancellationToken cancellationToken)
    {
        Leave();
        try
        {
            return await inner.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await EnterAsync().ConfigureAwait(false);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        inner.Output.Write(buffer.Span);
        if (IsShakingHands)
            await inner.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // The engine is only ever used asynchronously.
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
