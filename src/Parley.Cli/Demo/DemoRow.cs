namespace Parley.Cli.Demo;

/// <summary>What the demo saw of one channel.</summary>
internal sealed record DemoRow(string Channel, string EndPoint, string? Received, TimeSpan? RoundTrip, double? BytesPerSecond, string? Failure)
{
    internal bool Succeeded => Failure is null;
}
