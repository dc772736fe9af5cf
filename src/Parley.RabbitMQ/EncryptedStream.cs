using System.Net.Security;
using System.Net.Sockets;

namespace Parley.RabbitMQ;

/// <summary>What the client takes for the stream of its socket, and is the encrypted one over it.</summary>
internal sealed class EncryptedStream(Socket socket, SslStream encrypted) : NetworkStream(socket)
{
    public override bool DataAvailable => false;

    public override int Read(Span<byte> buffer) => encrypted.Read(buffer);

    public override int Read(byte[] buffer, int offset, int count) => encrypted.Read(buffer, offset, count);

    public override int ReadByte() => encrypted.ReadByte();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => encrypted.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => encrypted.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer) => encrypted.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => encrypted.Write(buffer, offset, count);

    public override void WriteByte(byte value) => encrypted.WriteByte(value);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => encrypted.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => encrypted.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => encrypted.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => encrypted.FlushAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await encrypted.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            encrypted.Dispose();
        base.Dispose(disposing);
    }
}
