using System.Net;

namespace Parley;

/// <summary>Failures of a stream, told as those of its messages.</summary>
internal static class FrameFailure
{
    /// <summary>The same failure at another step. A new object each time: one that two callers throw would have its stack trace written by both.</summary>
    internal static Exception At(Step step, Exception failure) => failure is ConnectionException known
        ? new ConnectionException(step, known.Reason, known.EndPoint, known.Cause, known.ErrorNumber, known)
        {
            UndeliveredBytes = known.UndeliveredBytes,
            MessageLength = known.MessageLength,
            IsOverLimit = known.IsOverLimit,
        }
        : failure;

    internal static ConnectionException Disposed(Step step, EndPoint? endPoint) => new(step, Reason.Aborted, endPoint, "the channel was disposed");
}
