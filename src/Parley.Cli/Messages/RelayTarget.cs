using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>
/// The target of a message relay, for any number of sources: opened when the first one needs it, and again when it has failed, with pauses
/// that grow as long as nothing gets through.
/// </summary>
/// <param name="endPoint">The target.</param>
/// <param name="options">How to open it.</param>
/// <param name="retries">How many failures in a row are outlived; <see langword="null"/> for any number once it was there.</param>
internal sealed class RelayTarget(EndPoint endPoint, MessageChannelOptions options, int? retries) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1);
    private OpenTarget? _open;
    private int _failures;

    internal EndPoint EndPoint => endPoint;

    /// <summary>Whether a target had taken what did not arrive; that was told.</summary>
    internal bool HasLost { get; private set; }

    /// <summary>The target as it is open now.</summary>
    /// <exception cref="ConnectionException">It cannot be opened, and was tried often enough.</exception>
    internal async ValueTask<OpenTarget> GetAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_open is not null)
                return _open;
            if (_failures > 0)
                await Task.Delay(Pause(), cancellationToken);
            _open = await OpenTarget.OpenAsync(endPoint, options, cancellationToken);

            // From now on it is known to exist.
            options.RetryCount = retries ?? int.MaxValue;
            return _open;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Something got through.</summary>
    internal void Succeed() => Volatile.Write(ref _failures, 0);

    /// <summary>Closes it because it failed, unless another source was faster; the next one to need it opens it again.</summary>
    /// <param name="failed">What has failed.</param>
    /// <param name="failure">How.</param>
    /// <param name="inHand">The size of the message that the source will send again, if it has one.</param>
    /// <returns>Whether another try is due.</returns>
    internal async ValueTask<bool> FailAsync(OpenTarget failed, ConnectionException failure, int? inHand)
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            if (_open == failed)
            {
                _open = null;
                _failures++;
                Tell(await failed.CloseAsync(inHand));
            }

            // A queue that was removed may be made again; whatever else is wrong with one stays so.
            return (endPoint is not MessageQueueEndPoint || failure.Reason is Reason.NotFound) && failure.Reason is not Reason.Denied
                && _failures <= (retries ?? int.MaxValue);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends after the last message.</summary>
    /// <exception cref="ConnectionException">The peer did not take them all.</exception>
    public async ValueTask DisposeAsync()
    {
        OpenTarget? open = _open;
        _open = null;
        if (open is not null)
            await open.EndAsync();
        _turn.Dispose();
    }

    private void Tell(ConnectionException? lost)
    {
        if (lost is null)
            return;
        HasLost = true;
        Failure.Report(lost);
    }

    private TimeSpan Pause()
    {
        double whole = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(_failures - 1, 30)));
        return TimeSpan.FromMilliseconds(whole);
    }
}
