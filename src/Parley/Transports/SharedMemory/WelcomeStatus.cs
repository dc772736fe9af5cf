namespace Parley.Transports.SharedMemory;

/// <summary>The server's answer in one number (section 1.2 of the protocol).</summary>
internal enum WelcomeStatus : uint
{
    Welcome = 0,
    UnknownVersion = 1,
    KindNotOffered = 2,
    NotUnderstood = 3,
    NoRoom = 4,
    NotAllowed = 5,
}
