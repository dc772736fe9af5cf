using Parley;

// A process to be killed: moves messages from a queue through a spool into another, until it is. Four are in hand at once; of each the priority says whether it was
// delivered before (1), or recovered (2).
string path = args[2];
await using MessageChannel source = await MessageChannel.OpenAsync(ParleyEndPoint.Parse(args[0]));
await using MessageChannel target = await MessageChannel.OpenAsync(ParleyEndPoint.Parse(args[1]));
await using MessageSpool spool = MessageSpool.Open(source, new MessageSpoolOptions { Path = path, Capacity = 256 * 1024, Fsync = args.Contains("--fsync") });
Console.WriteLine($"{spool.Unacknowledged} {spool.Recovered} {spool.Corrupt}");
byte[] buffer = new byte[spool.MaxMessageSize];
var inHand = new Queue<MessageDelivery>();
while (true)
{
    if (!spool.TryReceive(buffer, out ReceivedMessage received))
    {
        while (inHand.TryDequeue(out MessageDelivery? last))
            await last.AcknowledgeAsync();
        await spool.WaitToReceiveAsync();
        continue;
    }

    MessageDelivery delivery = received.Delivery!;
    int mark = (delivery.IsRedelivered ? 1 : 0) | (received.Header.Properties is null ? 0 : 2);
    await target.SendAsync(buffer.AsMemory(0, received.Length), new MessageHeader { Priority = mark });
    inHand.Enqueue(delivery);
    if (inHand.Count == 4)
        await inHand.Dequeue().AcknowledgeAsync();
}
