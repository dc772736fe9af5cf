using System.Runtime.InteropServices;

namespace Parley.Cli.Output;

/// <summary>What the system said of a file or a stream of .NET's, in the words that all errors have here.</summary>
internal static class SystemError
{
    private const int ENOENT = 2;
    private const int HighestNumber = 4095;

    /// <summary>Such as <c>no space left on device (ENOSPC)</c>; .NET's own sentence where there is no error number.</summary>
    internal static string Describe(Exception failure)
        => Number(failure) is int number ? $"{Text(number)} ({Name(number)})" : failure.Message;

    /// <summary>The error number; <see langword="null"/> where .NET has found fault by itself.</summary>
    internal static int? Number(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => ENOENT,
        UnauthorizedAccessException { InnerException: IOException denied } => Number(denied),
        IOException { HResult: > 0 and <= HighestNumber } => failure.HResult,
        _ => null,
    };

    // The library has the names.
    private static string Name(int number) => new ConnectionException(Step.Open, Reason.Other, null, "", number).ErrorName!;

    private static string Text(int number)
    {
        string text = Marshal.GetPInvokeErrorMessage(number);
        return char.ToLowerInvariant(text[0]) + text[1..];
    }
}
