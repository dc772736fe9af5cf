using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>
/// A POSIX FIFO (<c>fifo:/path</c>), which carries bytes one way, or a pair of them (<c>fifo:/path/in:/path/out</c>), which makes a
/// two-way conversation: this side reads the first and writes the second, the other side is given them the other way round.
/// </summary>
/// <remarks>
/// The second path of a pair begins with <c>/</c>, <c>./</c> or <c>../</c>, by which it is told from a colon within the name of a single
/// FIFO: <c>fifo:in:./out</c> is a pair, <c>fifo:in:out</c> one FIFO of that name.
/// Connecting waits until the other side has opened it too, for at most <see cref="ConnectionOptions.ConnectTimeout"/>, and blocks no
/// thread. The FIFO must exist (<see cref="NamedObject.Create"/>); a symbolic link at the path's end is not followed.
/// A FIFO knows bytes, not clients. Writers that overlap in time are one to its reader, and their writes of more than 4096 bytes may mix;
/// a listener therefore takes one client after the other, each after the last one has gone, and drops what a client still says
/// that was not read to its end. A FIFO has no reset: its reader sees a killed writer's end as any other.
/// </remarks>
public sealed class FifoEndPoint : EndPoint
{
    /// <summary>What stands between the two paths of a pair: a path that contains one of these cannot be written as text.</summary>
    private static readonly string[] Between = [":/", ":./", ":../"];

    /// <summary>One FIFO. Which way it goes is said by <see cref="ConnectionOptions.Direction"/>.</summary>
    /// <param name="path">Its path; a relative one is relative to the working directory.</param>
    /// <exception cref="ArgumentException">The path is empty, or contains a NUL, <c>:/</c>, <c>:./</c> or <c>:../</c>.</exception>
    public FifoEndPoint(string path) => Path = Check(path, nameof(path));

    /// <summary>A pair of FIFOs.</summary>
    /// <param name="readPath">The one that is read.</param>
    /// <param name="writePath">The one that is written; it begins with <c>/</c>, <c>./</c> or <c>../</c>.</param>
    /// <exception cref="ArgumentException">
    /// A path is empty, or contains a NUL, <c>:/</c>, <c>:./</c> or <c>:../</c>; both are the same; the second begins otherwise.
    /// </exception>
    public FifoEndPoint(string readPath, string writePath)
    {
        Path = Check(readPath, nameof(readPath));
        WritePath = Check(writePath, nameof(writePath));
        if (IndexOfBetween(":" + writePath) != 0)
            throw new ArgumentException("The second path of a pair begins with /, ./ or ../", nameof(writePath));
        if (Normal(readPath) == Normal(writePath))
            throw new ArgumentException("One FIFO cannot be both ways: what is written would be read back.", nameof(writePath));
    }

    /// <summary>The FIFO; of a pair, the one that is read.</summary>
    public string Path { get; }

    /// <summary>The one of a pair that is written; <see langword="null"/> for a single FIFO.</summary>
    public string? WritePath { get; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is FifoEndPoint other && other.Path == Path && other.WritePath == WritePath;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Path, WritePath);

    /// <summary>The endpoint as it is written.</summary>
    public override string ToString() => WritePath is null ? $"fifo:{Path}" : $"fifo:{Path}:{WritePath}";

    internal static FifoEndPoint Parse(string text)
    {
        int between = IndexOfBetween(text);
        return between < 0 ? new FifoEndPoint(text) : new FifoEndPoint(text[..between], text[(between + 1)..]);
    }

    private static int IndexOfBetween(string text)
    {
        for (int colon = text.IndexOf(':'); colon >= 0; colon = text.IndexOf(':', colon + 1))
        {
            if (Array.Exists(Between, between => string.CompareOrdinal(text, colon, between, 0, between.Length) == 0))
                return colon;
        }

        return -1;
    }

    private static string Normal(string path) => path.StartsWith("./", StringComparison.Ordinal) ? path[2..].TrimStart('/') : path;

    private static string Check(string path, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(path, name);
        if (path.Contains('\0'))
            throw new ArgumentException("A path contains no NUL.", name);
        return IndexOfBetween(path) >= 0
            ? throw new ArgumentException("A FIFO's path contains none of ':/', ':./' and ':../', which stand between the two of a pair.", name)
            : path;
    }
}
