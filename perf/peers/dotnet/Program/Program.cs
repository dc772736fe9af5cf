using System.Runtime.InteropServices;
using Parley.Peers;

// dotnet_peer LIBRARY WORK PLACE ...: messages through other .NET libraries, as parley-bench's shm-* do through Parley.
//   echo PLACE                       sends back what comes, until SIGTERM
//   ping PLACE COUNT WARMUP SIZE     prints microseconds a round trip
//   send PLACE SIZE                  sends messages that count up, until SIGTERM
//   receive PLACE COUNT WARMUP       prints messages a second
// PLACE is a directory for what the two processes share; for aeron, DIRECTORY,STREAM: the media driver's, and the stream that is used with the next one.
// All of them poll and never sleep, their fastest, but the receiver of cloudtoid-sleeping.
using PosixSignalRegistration end = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    Work.Stopped = true;
});

// Nothing here takes as long. Whoever waits for a message that is lost must not wait for ever.
using var tooLong = new Timer(_ => Environment.FailFast("this takes too long"), null, TimeSpan.FromMinutes(1), Timeout.InfiniteTimeSpan);
try
{
    string[] rest = args[2..];
    using Peer peer = args[0] switch
    {
        "aeron" => new AeronPeer(rest[0]),
        "cloudtoid" => new CloudtoidPeer(rest[0], sleeps: false),
        "cloudtoid-sleeping" => new CloudtoidPeer(rest[0], sleeps: true),
        "disruptor" => new DisruptorPeer(rest[0]),
        _ => throw new ArgumentException($"there is no library '{args[0]}'"),
    };
    switch (args[1])
    {
        case "echo":
            peer.Echo();
            break;
        case "ping":
            Work.Ping(peer, int.Parse(rest[1]), int.Parse(rest[2]), int.Parse(rest[3]));
            break;
        case "send":
            peer.Send(int.Parse(rest[1]));
            break;
        case "receive":
            Work.Receive(peer, int.Parse(rest[1]), int.Parse(rest[2]));
            break;
        default:
            throw new ArgumentException($"there is no work '{args[1]}'");
    }

    return 0;
}
catch (Exception failure) when (failure is not OutOfMemoryException)
{
    Console.Error.WriteLine($"dotnet_peer: {failure.Message}");
    return Work.Stopped ? 0 : 1;
}
