namespace Parley.Tests;

/// <summary>Bytes that cannot be put together wrongly without it being seen.</summary>
internal static class Payload
{
    /// <summary>More than the system takes of a peer that reads nothing, for sockets; for memory, more than a pipe takes.</summary>
    public static int TooMuch(ChannelKind kind) => kind == ChannelKind.Memory ? 1024 * 1024 : 16 * 1024 * 1024;

    public static byte[] Random(int size, int seed = 1)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
