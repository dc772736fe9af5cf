using System.Net;
using System.Net.Sockets;
using Parley.Transports;

namespace Parley;

/// <summary>
/// A child process (<c>exec:</c> with the program after <c>--</c> on the command line), talked to over its standard input and output.
/// Each connection starts one. No shell is involved: every argument arrives as it is.
/// </summary>
/// <remarks>
/// A dispose ends its input and waits for its exit, for <see cref="ConnectionOptions.CloseTimeout"/> less a quarter, at most 2.5 s;
/// then it is sent SIGTERM and, when that quarter is over, SIGKILL. <see cref="Connection.Abort"/> sends SIGTERM at once and SIGKILL after the
/// same quarter. It is reaped when it ends, whether anybody waits or not. A program that a signal has ended never makes a clean end:
/// reading throws <see cref="Reason.PeerDied"/> after everything it wrote. Needs Linux 5.3.
/// The program and its arguments are given to it as UTF-8; a lone surrogate of U+DC80 to U+DCFF stands for the byte 0x80 to 0xFF, for what is no
/// UTF-8.
/// </remarks>
public sealed class ProcessEndPoint : EndPoint
{
    /// <summary>Names a program.</summary>
    /// <param name="program">A path, or a name that is looked up in PATH.</param>
    /// <param name="arguments">What it is given, untouched.</param>
    /// <exception cref="ArgumentException">The program is empty, or it or an argument contains a NUL.</exception>
    public ProcessEndPoint(string program, params IReadOnlyList<string> arguments)
    {
        ArgumentException.ThrowIfNullOrEmpty(program);
        ArgumentNullException.ThrowIfNull(arguments);
        if (program.Contains('\0') || arguments.Any(static argument => argument.Contains('\0')))
            throw new ArgumentException("Neither a program nor an argument contains a NUL.", nameof(arguments));
        Program = program;
        Arguments = [.. arguments];
    }

    /// <summary>The program.</summary>
    public string Program { get; }

    /// <summary>What it is given.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>
    /// Variables that are set for it, and removed where the value is <see langword="null"/>; all others are this process's own.
    /// <see langword="null"/> (the default) changes none.
    /// </summary>
    public IReadOnlyDictionary<string, string?>? Environment { get; init; }

    /// <summary>The folder it is started in; <see langword="null"/> (the default) for this process's own.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>
    /// Looks whether the program can be found and executed, and starts nothing. What only its start can tell, such as a wrong interpreter, is not
    /// looked for.
    /// </summary>
    /// <exception cref="ConnectionException">It cannot: with the step, the reason and the words of a start.</exception>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux.</exception>
    public void EnsureCanStart() => TransportSelector.EnsureCanStart(this);

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <inheritdoc/>
    public override bool Equals(object? obj)
        => obj is ProcessEndPoint other && other.Program == Program && other.Arguments.SequenceEqual(Arguments, StringComparer.Ordinal)
           && other.WorkingDirectory == WorkingDirectory && ReferenceEquals(other.Environment, Environment);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Program, Arguments.Count, WorkingDirectory);

    /// <summary>The program as it stands on the command line. Its arguments, which may hold what is nobody's business, are left out.</summary>
    public override string ToString() => $"exec: -- {Program}";
}
