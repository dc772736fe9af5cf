namespace Parley.Cli.Demo;

/// <summary>A receiver process waits, a sender process sends it a message.</summary>
/// <param name="name">What people call it.</param>
/// <param name="place">The endpoint, given the demo's own folder and a name that nobody else uses.</param>
/// <param name="options">What both verbs need besides.</param>
internal sealed class MessageChannelDemo(string name, Func<string, string, string> place, params string[] options) : DemoChannel(name)
{
    internal override async Task<(string Received, string EndPoint)> TalkAsync(string folder)
    {
        (ChildCommand receiver, string bound) = await ChildCommand.StartServerAsync(["receive", place(folder, NewName()), "--count", "1", "--output", "raw", .. options]);
        await using (receiver)
        {
            await ChildCommand.RunAsync(["send", bound, .. options, DemoRun.Expected]);
            return (await receiver.ReadToEndAsync(), bound);
        }
    }

    internal override async Task<string> MeasureAsync(string folder, string measure)
    {
        (ChildCommand server, string bound) = await ChildCommand.StartServerAsync(MessageMeasureCommand.Name, MessageMeasureCommand.Server, place(folder, NewName()));
        await using (server)
            return await ChildCommand.RunAsync(MessageMeasureCommand.Name, measure, bound);
    }

    private static string NewName() => Guid.NewGuid().ToString("N")[..12];
}
