using System.Net.Sockets;
using System.Security.Authentication;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Parley.RabbitMQ;

/// <summary>What the client's exceptions and the broker's answers mean.</summary>
internal static class BrokerFailure
{
    private const int AccessRefused = 403;
    private const int NotFound = 404;
    private const int ResourceLocked = 405;
    private const int PreconditionFailed = 406;
    private const int ConnectionForced = 320;
    private const int NotAllowed = 530;

    /// <summary>Whether a failure comes from the client, and says something about the broker or the way there.</summary>
    internal static bool IsExpected(Exception failure)
        => failure is RabbitMQClientException or IOException or SocketException or OperationCanceledException or TimeoutException or ObjectDisposedException
            or System.Threading.Channels.ChannelClosedException or AuthenticationException or AggregateException;

    internal static ConnectionException Of(Exception failure, Step step, AmqpEndPoint queue)
    {
        if (Find<ConnectionException>(failure) is { } told)
            return told.Step == step ? told : new ConnectionException(told.Step is Step.Handshake or Step.Resolve ? told.Step : step, told.Reason, queue, told.Cause, told.ErrorNumber, told);
        if (Find<AuthenticationFailureException>(failure) is not null || Find<PossibleAuthenticationFailureException>(failure) is not null)
            return new ConnectionException(step, Reason.Denied, queue, "the broker refuses this user, or the password is wrong");
        if (Find<OperationInterruptedException>(failure) is { ShutdownReason: { } answer })
            return Of(answer, step, queue, failure);
        if (Find<SocketException>(failure) is { } socket)
            return Of(socket, step, queue);
        if (Find<TimeoutException>(failure) is not null || Find<OperationCanceledException>(failure) is not null)
            return new ConnectionException(step, Reason.TimedOut, queue, "the broker does not answer");
        if (Find<BrokerUnreachableException>(failure) is not null || Find<EndOfStreamException>(failure) is not null)
            return new ConnectionException(step, Reason.Reset, queue, "the broker ended the connection before it was made", inner: failure);
        return new ConnectionException(step, Reason.Other, queue, Innermost(failure).Message.TrimEnd('.'), inner: failure);
    }

    /// <summary>Why a connection or a channel of it is over.</summary>
    internal static ConnectionException Of(ShutdownEventArgs answer, Step step, AmqpEndPoint queue, Exception? inner = null)
    {
        string words = answer.ReplyText.TrimEnd('.');
        return answer.ReplyCode switch
        {
            _ when answer.Initiator != ShutdownInitiator.Peer => new ConnectionException(step, Reason.Reset, queue, $"the connection to the broker broke: {words}", inner: inner),
            NotFound when words.Contains("no queue", StringComparison.Ordinal)
                => new ConnectionException(step, Reason.NotFound, queue, $"there is no queue of that name; it is made with: parley create '{queue}'", inner: inner),
            NotFound => new ConnectionException(step, Reason.NotFound, queue, words, inner: inner),
            NotAllowed when words.Contains("not found", StringComparison.Ordinal)
                => new ConnectionException(step, Reason.NotFound, queue, $"there is no virtual host {queue.VirtualHost}", inner: inner),
            AccessRefused or NotAllowed => new ConnectionException(step, Reason.Denied, queue, words, inner: inner),
            ResourceLocked or PreconditionFailed => new ConnectionException(step, Reason.InUse, queue, words, inner: inner),
            ConnectionForced => new ConnectionException(step, Reason.Reset, queue, $"the broker ends: {words}", inner: inner),
            _ => new ConnectionException(step, Reason.Other, queue, words, inner: inner),
        };
    }

    private static ConnectionException Of(SocketException failure, Step step, AmqpEndPoint queue)
    {
        if (failure.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
            return new ConnectionException(Step.Resolve, Reason.NotFound, queue, $"host not found: {queue.Host}", inner: failure);
        if (failure.SocketErrorCode is SocketError.TryAgain)
            return new ConnectionException(Step.Resolve, Reason.Other, queue, $"cannot look up {queue.Host}: {failure.Message}", inner: failure);
        Reason reason = failure.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => Reason.Refused,
            SocketError.TimedOut => Reason.TimedOut,
            SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => Reason.Reset,
            SocketError.AccessDenied => Reason.Denied,
            SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable => Reason.Limit,
            _ => Reason.Other,
        };
        string words = reason == Reason.Refused ? "connection refused" : failure.Message.TrimEnd('.');
        return new ConnectionException(step, reason, queue, char.ToLowerInvariant(words[0]) + words[1..], OperatingSystem.IsLinux() ? failure.NativeErrorCode : 0, failure);
    }

    private static T? Find<T>(Exception failure)
        where T : Exception
    {
        if (failure is T found)
            return found;
        return failure is AggregateException several
            ? several.InnerExceptions.Select(Find<T>).FirstOrDefault(static one => one is not null)
            : failure.InnerException is { } inner ? Find<T>(inner) : null;
    }

    private static Exception Innermost(Exception failure) => failure.InnerException is { } inner ? Innermost(inner) : failure;
}
