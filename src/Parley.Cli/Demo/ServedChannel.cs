namespace Parley.Cli.Demo;

/// <summary>A server process listens, a client process connects.</summary>
/// <param name="name">What people call it.</param>
/// <param name="place">The endpoint, given the demo's own folder and a name that nobody else uses.</param>
internal class ServedChannel(string name, Func<string, string, string> place) : DemoChannel(name)
{
    internal override async Task<(string Received, string EndPoint)> TalkAsync(string folder)
    {
        (ChildCommand server, string bound) = await ChildCommand.StartServerAsync(["serve", place(folder, NewName()), .. ServerOptions(folder)]);
        await using (server)
            return (await ChildCommand.RunAsync(["connect", FarSide(bound), .. ClientOptions]), bound);
    }

    internal override async Task<string> MeasureAsync(string folder, string measure)
    {
        string service = measure == DemoClientCommand.RoundTrip ? "--echo" : "--discard";
        (ChildCommand server, string bound) = await ChildCommand.StartServerAsync(["serve", place(folder, NewName()), service, .. ServerOptions(folder)]);
        await using (server)
            return await ChildCommand.RunAsync([DemoClientCommand.Name, measure, FarSide(bound), .. ClientOptions]);
    }

    /// <summary>The endpoint as the client has to write it.</summary>
    protected virtual string FarSide(string bound) => bound;

    /// <summary>What the server is told besides.</summary>
    protected virtual string[] ServerOptions(string folder) => [];

    /// <summary>What its client is told besides.</summary>
    protected virtual string[] ClientOptions => [];

    private static string NewName() => Guid.NewGuid().ToString("N")[..12];
}
