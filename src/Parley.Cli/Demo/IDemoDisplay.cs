namespace Parley.Cli.Demo;

/// <summary>Shows the channels as they are run.</summary>
internal interface IDemoDisplay
{
    /// <summary>Runs every channel and shows what came of it.</summary>
    Task<DemoRow[]> ShowAsync(DemoChannel[] channels, Func<DemoChannel, Task<DemoRow>> run);
}

/// <summary>Chooses between a terminal and everything else.</summary>
internal static class DemoDisplays
{
    internal static IDemoDisplay Create() => Console.IsOutputRedirected ? new PlainDemoDisplay() : new TerminalDemoDisplay();
}
