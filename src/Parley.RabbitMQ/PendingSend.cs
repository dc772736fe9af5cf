using System.Buffers;
using RabbitMQ.Client;

namespace Parley.RabbitMQ;

/// <summary>A message that was handed over and that the broker has not confirmed.</summary>
internal sealed class PendingSend
{
    private byte[] _body;

    internal PendingSend(ReadOnlySpan<byte> body, BasicProperties properties, bool isAwaited)
    {
        _body = body.IsEmpty ? [] : ArrayPool<byte>.Shared.Rent(body.Length);
        body.CopyTo(_body);
        Length = body.Length;
        Properties = properties;
        Done = isAwaited ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
    }

    internal int Length { get; }

    internal ReadOnlyMemory<byte> Body => _body.AsMemory(0, Length);

    internal BasicProperties Properties { get; }

    /// <summary>Who waits for it; <see langword="null"/> where nobody does.</summary>
    internal TaskCompletionSource? Done { get; }

    /// <summary>Whether it was on its way with any connection.</summary>
    internal bool WasPublished { get; set; }

    /// <summary>Nobody waits for it any more: it is not sent again.</summary>
    internal bool IsGivenUp { get; set; }

    /// <summary>It is neither waiting nor on its way.</summary>
    internal bool IsOver { get; set; }

    /// <summary>The broker has sent it back.</summary>
    internal bool IsReturned { get; set; }

    /// <summary>The client may still look at the bytes: they are not used for something else.</summary>
    internal bool IsHeldByClient { get; set; }

    /// <summary>Says to the receiver that it may have this message already.</summary>
    internal void MarkResent() => Headers.Add(Properties, Headers.Resent, "1");

    internal void Release()
    {
        byte[] body = Interlocked.Exchange(ref _body, []);
        if (body.Length > 0 && !IsHeldByClient)
            ArrayPool<byte>.Shared.Return(body);
    }
}
