namespace Parley.Cli.Tracing;

/// <summary>What a call means, in plain words, for those who read the trace beside a book on sockets.</summary>
internal static class CallMeaning
{
    private const int KillSignal = 9;

    internal static string Of(in SystemCall call)
    {
        if (call.ErrorNumber != 0)
            return OfError(call);
        string where = call.EndPoint is null ? "" : ParleyEndPoint.Format(call.EndPoint);
        return call.Name switch
        {
            "socket" => $"the kernel made a socket, an endpoint that belongs to nobody yet; we know it as descriptor {call.Result}",
            "bind" => $"the socket has the address {where}",
            "listen" => $"the kernel now completes handshakes for us and queues up to {call.Argument} clients until we accept them",
            "accept" => $"a client is connected{From(where)}: descriptor {call.Result} is our end of that conversation",
            "connect" => call.Tcp is null
                ? $"connected to {where}"
                : $"connected to {where}: the three-way handshake (SYN, SYN+ACK, ACK) is done",
            "pipe" => $"the kernel made a pipe for the program's standard {(call.Argument == 0 ? "input" : "output")}; descriptor {call.Descriptor} is our end of it",
            "spawn" => $"process {call.Result} runs {where}; descriptor {call.Descriptor} tells when it ends",
            "wait" when call.Argument > 0 => $"the program was ended by signal {call.Argument}",
            "wait" => $"the program has ended with exit code {call.Result}, and is gone from the process table",
            "kill" => $"the program was sent signal {call.Argument}: {(call.Argument == KillSignal ? "it is killed" : "it is asked to end")}",
            "close" when call.EndPoint is ProcessEndPoint && call.Argument == 0 => "half-close: the program reads the end of its standard input, and we still listen",
            "write" when call.EndPoint is ProcessEndPoint && call.Result == call.Argument => $"the kernel keeps {call.Result} bytes in the pipe until the program reads them",
            "open" => $"{where} is open to {(call.Argument == 0 ? "read" : "write, and a reader is there")}: descriptor {call.Result}",
            "read" when call.Result == 0 => "the end: the peer has said all it wanted to say",
            "read" => $"{call.Result} bytes from the peer",
            "write" when call.Result < call.Argument => $"the kernel took {call.Result} of {call.Argument} bytes; the rest waits until the peer has read some",
            "write" => $"the kernel took {call.Result} bytes and sends them",
            "shutdown" => "half-close: we have no more to say (FIN follows what was written), and still listen",
            "close" when call.EndPoint is FifoEndPoint => "the descriptor is given back: the last one to be closed is the end for the other side",
            "close" => "the descriptor is given back",
            _ => "",
        };
    }

    private static string From(string where) => where.Length == 0 || where == "unix:" ? "" : $" from {where}";

    private static string OfError(in SystemCall call) => (call.Name, call.ErrorName) switch
    {
        ("connect", "ECONNREFUSED") => "refused: the machine is there, but nothing listens on that address (its kernel answered with RST)",
        ("connect", "ETIMEDOUT") => "no answer: what we sent was dropped on the way, or the listener's backlog is full",
        ("connect", "ENOENT") => "there is no such path",
        ("spawn", "ENOENT") => "there is no such program, or no such interpreter of it",
        ("spawn", "EACCES") => "the file is there, but this user may not execute it",
        ("wait", "ECHILD") => "the program has ended, and somebody else was told how",
        ("open", "ENXIO") => "nobody has it open to read, so there is nobody to write to",
        ("open", "ENOENT") => "there is no such path",
        (_, "EACCES") => "this user may not",
        ("bind", "EADDRINUSE") => "somebody has that address already",
        ("bind", "EADDRNOTAVAIL") => "no network interface of this machine has that address",
        ("read", "ECONNRESET") or ("write", "ECONNRESET") => "the peer broke the conversation off (RST): it closed without reading what we had sent, or was killed",
        ("write", "EPIPE") => "the peer reads no more",
        ("accept", "EMFILE") => "no descriptor left for one more client: it stays in the queue while we pause",
        _ => "it failed",
    };
}
