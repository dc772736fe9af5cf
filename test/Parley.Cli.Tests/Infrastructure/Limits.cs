namespace Parley.Cli.Tests;

/// <summary>How long a test waits for what must happen, and for what must not.</summary>
internal static class Limits
{
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan Transfer = TimeSpan.FromSeconds(120);

    // Long enough to catch what happens at once, short enough not to hold the run up.
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);
}
