namespace Parley;

/// <summary>The step of a conversation that failed, named after the system call that takes it.</summary>
public enum Step
{
    /// <summary>Looking up a host name.</summary>
    Resolve,

    /// <summary>Making a socket.</summary>
    Socket,

    /// <summary>Giving a socket its address.</summary>
    Bind,

    /// <summary>Becoming a listener.</summary>
    Listen,

    /// <summary>Taking the next client.</summary>
    Accept,

    /// <summary>Reaching a listener.</summary>
    Connect,

    /// <summary>Agreeing on the conversation's terms before its first byte.</summary>
    Handshake,

    /// <summary>Reading bytes.</summary>
    Read,

    /// <summary>Writing bytes.</summary>
    Write,

    /// <summary>Ending the conversation.</summary>
    Close,

    /// <summary>Opening a named thing.</summary>
    Open,

    /// <summary>Sending a message.</summary>
    Send,

    /// <summary>Receiving a message.</summary>
    Receive,

    /// <summary>Making a named thing.</summary>
    Create,

    /// <summary>Removing a named thing.</summary>
    Remove,
}
