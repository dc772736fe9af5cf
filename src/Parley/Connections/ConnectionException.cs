using System.Net;

namespace Parley;

/// <summary>A conversation failed: says at which <see cref="Step"/>, for what <see cref="Reason"/>, and with whom.</summary>
public sealed class ConnectionException : IOException
{
    /// <summary>Makes an exception.</summary>
    /// <param name="step">The step that failed.</param>
    /// <param name="reason">Why it failed.</param>
    /// <param name="endPoint">With whom; <see langword="null"/> where that is not known.</param>
    /// <param name="cause">The cause in plain words, without a capital letter or a full stop.</param>
    /// <param name="errorNumber">The system's error number (errno), 0 where the system gave none.</param>
    /// <param name="inner">What led to this.</param>
    public ConnectionException(
        Step step, Reason reason, EndPoint? endPoint, string cause, int errorNumber = 0, Exception? inner = null)
        : base(Compose(step, endPoint, cause, errorNumber), inner)
    {
        Step = step;
        Reason = reason;
        EndPoint = endPoint;
        Cause = cause;
        ErrorNumber = errorNumber;
    }

    /// <summary>The step that failed.</summary>
    public Step Step { get; }

    /// <summary>Why it failed.</summary>
    public Reason Reason { get; }

    /// <summary>The other side, or this side's own address where the step was to bind or listen.</summary>
    public EndPoint? EndPoint { get; }

    /// <summary>The cause in plain words.</summary>
    public string Cause { get; }

    /// <summary>The system's error number (errno); 0 where the system gave none.</summary>
    public int ErrorNumber { get; }

    /// <summary>The error number by name, such as <c>ECONNREFUSED</c>; <see langword="null"/> where the system gave none.</summary>
    public string? ErrorName => ErrorNumber == 0 ? null : Interop.Linux.Errno.Name(ErrorNumber);

    /// <summary>Bytes that were written and could not be delivered; 0 where none were or it cannot be known.</summary>
    public long UndeliveredBytes { get; init; }

    /// <summary>Of a message that does not fit: how long it is, or says that it is; 0 where it is not said.</summary>
    internal long MessageLength { get; init; }

    /// <summary>Whether no buffer takes that message, for it is over the limit of its channel, which reads nothing behind it.</summary>
    internal bool IsOverLimit { get; init; }

    internal static ConnectionException FromErrno(Step step, int errorNumber, EndPoint? endPoint, long undeliveredBytes = 0)
        => new(step, ErrnoReasons.Of(errorNumber, step), endPoint, Interop.Linux.Errno.Describe(errorNumber), errorNumber)
        {
            UndeliveredBytes = undeliveredBytes,
        };

    private static string Compose(Step step, EndPoint? endPoint, string cause, int errorNumber)
    {
        string verb = step switch
        {
            Step.Resolve => "cannot connect to",
            Step.Socket => "cannot make a socket for",
            Step.Bind or Step.Listen => "cannot listen on",
            Step.Accept => "cannot accept on",
            Step.Connect => "cannot connect to",
            Step.Handshake => "cannot agree with",
            Step.Read => "cannot read from",
            Step.Write => "cannot write to",
            Step.Close => "cannot close cleanly",
            Step.Open when endPoint is ProcessEndPoint => "cannot start",
            Step.Open => "cannot open",
            Step.Send => "cannot send to",
            Step.Receive => "cannot receive from",
            Step.Create => "cannot create",
            Step.Remove => "cannot remove",
            _ => "cannot use",
        };
        string whom = endPoint is null ? "the peer" : ParleyEndPoint.Format(endPoint).TrimEnd(':');
        return errorNumber == 0 ? $"{verb} {whom}: {cause}" : $"{verb} {whom}: {cause} ({Interop.Linux.Errno.Name(errorNumber)})";
    }
}
