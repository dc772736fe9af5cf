namespace Parley.Cli.Demo;

/// <summary>A queue that outlives its sender: the message waits in it for whoever comes next. Answers need a second one.</summary>
internal sealed class QueueChannel(string name) : DemoChannel(name)
{
    internal override async Task<(string Received, string EndPoint)> TalkAsync(string folder)
    {
        var queue = new MessageQueueEndPoint(NewName());
        NamedObject.Create(queue);
        try
        {
            await ChildCommand.RunAsync("send", queue.ToString(), DemoRun.Expected);
            return (await ChildCommand.RunAsync("receive", queue.ToString(), "--count", "1", "--timeout", "30", "--output", "raw"), queue.ToString());
        }
        finally
        {
            NamedObject.Remove(queue);
        }
    }

    internal override async Task<string> MeasureAsync(string folder, string measure)
    {
        var there = new MessageQueueEndPoint(NewName());
        var back = new MessageQueueEndPoint(NewName());
        NamedObject.Create(there);
        try
        {
            NamedObject.Create(back);
            try
            {
                (ChildCommand server, _) = await ChildCommand.StartServerAsync(MessageMeasureCommand.Name, MessageMeasureCommand.Server, there.ToString(), back.ToString());
                await using (server)
                    return await ChildCommand.RunAsync(MessageMeasureCommand.Name, measure, there.ToString(), back.ToString());
            }
            finally
            {
                NamedObject.Remove(back);
            }
        }
        finally
        {
            NamedObject.Remove(there);
        }
    }

    private static string NewName() => $"/parley-demo-{Guid.NewGuid():N}"[..24];
}
