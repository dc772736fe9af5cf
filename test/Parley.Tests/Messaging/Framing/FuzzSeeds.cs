namespace Parley.Tests.Messaging.Framing;

/// <summary>Where mutations begin: what is right, and each input that has ever been wrong.</summary>
internal static class FuzzSeeds
{
    /// <summary>The longest messages that are allowed.</summary>
    public static readonly int[] Limits = [0, 1, 2, 3, 7, 16, 33, 1024, 1024 * 1024, 1024 * 1024 * 1024];

    private static readonly byte[][] Lines =
    [
        [],
        "\n"u8.ToArray(),
        "a\n"u8.ToArray(),
        "one\ntwo\nthree\n"u8.ToArray(),
        "\n\n\n"u8.ToArray(),
        "carriage\r\nreturn\r\n"u8.ToArray(),
        "no end"u8.ToArray(),
        "0123456789abcdef0123456789abcdef0123456789abcdef\nshort\n"u8.ToArray(),
        "with\0zero\nand \xff\n"u8.ToArray(),
    ];

    private static readonly byte[][] Lengths =
    [
        [],
        [0, 0, 0, 0],
        [0, 0, 0, 1, 65],
        [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 2, 9, 9],
        [0, 0, 0],
        [0, 0, 0, 16, 1, 2, 3],
        [0, 0, 4, 0],
        [64, 0, 0, 0, 1],
        [64, 0, 0, 1, 1],
        [127, 255, 255, 255],
        [128, 0, 0, 0, 1, 2],
        [255, 255, 255, 255, 255, 255],
        [255, 255, 255, 252, 0, 0, 0, 0],
        [0, 0, 0, 33, .. Enumerable.Repeat((byte)7, 33), 0, 0, 0, 1, 1],
    ];

    public static byte[][] Of(MessageFraming framing) => framing switch
    {
        MessageFraming.Line => Lines,
        MessageFraming.Nul => [.. Lines.Select(static line => line.Select(static value => value == 10 ? (byte)0 : value).ToArray())],
        _ => Lengths,
    };
}
