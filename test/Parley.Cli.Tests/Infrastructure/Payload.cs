using System.Security.Cryptography;

namespace Parley.Cli.Tests;

internal static class Payload
{
    public const int Kilobyte = 1024;
    public const int Megabyte = 1024 * 1024;

    public static byte[] ServerMessage => "Server Message"u8.ToArray();

    public static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        System.Random.Shared.NextBytes(bytes);
        return bytes;
    }

    public static byte[] WriteFile(string path, int length)
    {
        byte[] bytes = Random(length);
        File.WriteAllBytes(path, bytes);
        return bytes;
    }

    /// <summary>Compares by length and hash: a difference in megabytes is no use on a page.</summary>
    public static void MustEqual(byte[] expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(expected)), Convert.ToHexString(SHA256.HashData(actual)));
    }
}
