namespace Parley.Cli.Demo;

/// <summary>The client starts the other process itself: a program that knows nothing of Parley.</summary>
internal sealed class ProgramChannel(string name) : DemoChannel(name)
{
    private const string EndPoint = "exec:";

    internal override async Task<(string Received, string EndPoint)> TalkAsync(string folder)
        => (await ChildCommand.RunAsync("connect", EndPoint, "--", "printf", DemoRun.Expected), $"{EndPoint} -- printf");

    internal override Task<string> MeasureAsync(string folder, string measure) => ChildCommand.RunAsync(
        [DemoClientCommand.Name, measure, EndPoint, "--", .. measure == DemoClientCommand.RoundTrip ? (string[])["cat"] : ["sh", "-c", "exec cat > /dev/null"]]);
}
