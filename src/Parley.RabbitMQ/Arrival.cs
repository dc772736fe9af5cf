using System.Buffers;

namespace Parley.RabbitMQ;

/// <summary>A message that the broker has delivered and that nobody has received.</summary>
internal sealed class Arrival
{
    private readonly byte[] _body;

    internal Arrival(ReadOnlySpan<byte> body, MessageHeader header, RabbitMQDelivery delivery)
    {
        _body = body.IsEmpty ? [] : ArrayPool<byte>.Shared.Rent(body.Length);
        body.CopyTo(_body);
        Length = body.Length;
        Header = header;
        Delivery = delivery;
    }

    internal int Length { get; }

    internal MessageHeader Header { get; }

    internal RabbitMQDelivery Delivery { get; }

    internal void CopyTo(Span<byte> buffer) => _body.AsSpan(0, Length).CopyTo(buffer);

    /// <summary>Its bytes are no longer looked at.</summary>
    internal void Release()
    {
        if (_body.Length > 0)
            ArrayPool<byte>.Shared.Return(_body);
    }
}
