using Parley.Bench;

// The library's side of what the command has no words for: parley-bench NAME ARGUMENTS... Each channel has a file of its own. What a client
// measures goes to standard output, alone; everything else to standard error.
try
{
    Task run = args switch
    {
        ["udp", var kind, var endPoint] => UdpServers.RunAsync(kind, endPoint),
        ["mq-echo", .. var rest] => MessageQueues.EchoAsync(rest),
        ["mq-ping", .. var rest] => MessageQueues.PingAsync(rest),
        ["mq-send", .. var rest] => MessageQueues.SendAsync(rest),
        ["mq-receive", .. var rest] => MessageQueues.ReceiveAsync(rest),
        ["fifo-send", .. var rest] => Fifos.SendAsync(rest),
        ["fifo-receive", .. var rest] => Fifos.ReceiveAsync(rest),
        ["framed-echo", .. var rest] => Framed.EchoAsync(rest),
        ["framed-ping", .. var rest] => Framed.PingAsync(rest),
        ["framed-send", .. var rest] => Framed.SendAsync(rest),
        ["framed-receive", .. var rest] => Framed.ReceiveAsync(rest),
        ["shm-echo", .. var rest] => SharedMemory.EchoAsync(rest),
        ["shm-ping", .. var rest] => SharedMemory.PingAsync(rest),
        ["shm-send", .. var rest] => SharedMemory.SendAsync(rest),
        ["shm-receive", .. var rest] => SharedMemory.ReceiveAsync(rest),
        ["shm-bytes-send", .. var rest] => SharedMemoryBytes.SendAsync(rest),
        ["shm-bytes-receive", .. var rest] => SharedMemoryBytes.ReceiveAsync(rest),
        ["deaths", .. var rest] => Deaths.WatchAsync(rest),
        ["death", .. var rest] => Deaths.LiveAsync(rest),
        ["amqp-make", .. var rest] => BrokerQueues.MakeAsync(rest),
        ["amqp-send", .. var rest] => BrokerQueues.SendAsync(rest),
        ["amqp-receive", .. var rest] => BrokerQueues.ReceiveAsync(rest),
        _ => throw new ArgumentException("usage: parley-bench NAME ARGUMENTS..."),
    };
    await run.ConfigureAwait(false);
    return 0;
}
catch (Exception failure) when (failure is IOException or ArgumentException or FormatException or InvalidDataException)
{
    await Console.Error.WriteLineAsync($"parley-bench: {failure.Message}").ConfigureAwait(false);
    return 1;
}
