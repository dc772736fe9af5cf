using Parley.Transports.Descriptors;

namespace Parley.Transports.Fifo;

/// <summary>An end that follows what is still unread. The kernel does not tell a writer when its reader has taken everything: look again.</summary>
internal sealed class FifoEnd(FifoConnection connection) : Deadline
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    private TimeSpan _pause = TimeSpan.FromMilliseconds(1);

    internal void Start() => connection.WriteDescriptor.Loop.ArmAt(this, Clock.FromNow(_pause));

    internal override void OnDue()
    {
        if (connection.TryFinishEnd())
            return;
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        Start();
    }
}
