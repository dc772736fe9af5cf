namespace Parley.Transports.SharedMemory;

/// <summary>What a client asks for.</summary>
internal enum LinkKind : ushort
{
    None = 0,
    Bytes = 1,
    Messages = 2,
    Status = 3,
}
