namespace Parley.Cli.Demo;

/// <summary>What the demo saw of one channel.</summary>
/// <param name="Channel">What people call it.</param>
/// <param name="EndPoint">Where the server that gave the message listened; where it was to listen, if it failed before.</param>
/// <param name="Received">What the client printed.</param>
/// <param name="RoundTrip">How long a small message takes there and back.</param>
/// <param name="BytesPerSecond">How much goes one way.</param>
/// <param name="Failure">What went wrong; <see langword="null"/> if nothing did.</param>
internal sealed record DemoRow(string Channel, string EndPoint, string? Received, TimeSpan? RoundTrip, double? BytesPerSecond, string? Failure)
{
    internal bool Succeeded => Failure is null;
}
