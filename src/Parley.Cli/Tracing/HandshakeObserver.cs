namespace Parley.Cli.Tracing;

/// <summary>Keeps what the kernel knew of a TCP connection when it was made, and passes every call on.</summary>
internal sealed class HandshakeObserver(CallObserver? next) : CallObserver
{
    internal TcpStatistics? Tcp { get; private set; }

    public override void OnCall(in SystemCall call)
    {
        if (call.Name == "connect")
            Tcp = call.Tcp;
        next?.OnCall(call);
    }
}
