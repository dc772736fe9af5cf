using System.CommandLine;

namespace Parley.Cli.Joining;

/// <summary>Which ways bytes go between standard streams and a peer.</summary>
internal enum Flow
{
    Both,
    ReceiveOnly,
    SendOnly,
}

/// <summary>The options for it.</summary>
internal sealed class FlowOptions
{
    private readonly Option<bool> _receiveOnly = new("--receive-only") { Description = "Only print what the peer says; standard input is not read" };
    private readonly Option<bool> _sendOnly = new("--send-only") { Description = "Only send standard input; what the peer says is dropped" };

    internal void AddTo(Command command)
    {
        command.Options.Add(_receiveOnly);
        command.Options.Add(_sendOnly);
    }

    internal Flow Get(ParseResult parsed)
    {
        bool receives = parsed.GetValue(_receiveOnly);
        bool sends = parsed.GetValue(_sendOnly);
        if (receives && sends)
            throw new UsageException("--receive-only and --send-only leave nothing to do together");
        if (receives)
            return Flow.ReceiveOnly;
        return sends ? Flow.SendOnly : Flow.Both;
    }
}
