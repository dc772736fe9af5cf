using System.Diagnostics;
using System.Text;
using RabbitMQ.Client;

namespace Parley.Tests.Brokers;

/// <summary>Messages of other clients, and messages for them.</summary>
[Collection(SharedBroker.Collection)]
public sealed class InteropTests
{
    [SkippableFact]
    public async Task PlainClient_BothWays()
    {
        Broker broker = await SharedBroker.GetAsync();
        await using TestQueue queue = await TestQueue.CreateAsync();
        await using MessageChannel channel = await queue.OpenAsync();
        var factory = new ConnectionFactory { HostName = "127.0.0.1", Port = broker.Port, UserName = Broker.User, Password = Broker.Password };
        await using IConnection connection = await factory.CreateConnectionAsync().Within();
        await using IChannel plain = await connection.CreateChannelAsync().Within();

        var properties = new BasicProperties { Headers = new Dictionary<string, object?> { ["text"] = "é", ["number"] = 7L, ["truth"] = true, ["list"] = new List<object> { 1 } } };
        await plain.BasicPublishAsync("", queue.EndPoint.Queue, mandatory: true, properties, "from plain"u8.ToArray()).Within();
        (string text, ReceivedMessage received) = await channel.ReceiveTextAsync();
        Assert.Equal("from plain", text);
        Assert.Equal([new("number", "7"), new("text", "é"), new("truth", "true")], received.Header.Properties!.OrderBy(one => one.Key, StringComparer.Ordinal));
        await received.Delivery!.AcknowledgeAsync().Within();
        await channel.DisposeAsync();

        await using MessageChannel sending = await queue.OpenAsync();
        await sending.SendTextAsync("to plain", new MessageHeader { Properties = new Dictionary<string, string> { ["from"] = "parley" } });
        BasicGetResult? got = await plain.BasicGetAsync(queue.EndPoint.Queue, autoAck: true).Within();
        Assert.Equal(("to plain", true), (Encoding.UTF8.GetString(got!.Body.Span), got.BasicProperties.Persistent));
        Assert.Equal("parley", Encoding.UTF8.GetString((byte[])got.BasicProperties.Headers!["from"]!));
    }

    [SkippableFact]
    public async Task Pika_BothWays()
    {
        Broker broker = await SharedBroker.GetAsync();
        Skip.IfNot(Directory.Exists("/usr/lib/python3/dist-packages/pika"), "Debian's python3-pika is not there");
        await using TestQueue queue = await TestQueue.CreateAsync();
        await RunPikaAsync("send", broker, queue, "one", "two", "é");
        await using (MessageChannel channel = await queue.OpenAsync())
        {
            foreach (string expected in (string[])["one", "two", "é"])
            {
                (string text, ReceivedMessage received) = await channel.ReceiveTextAsync();
                Assert.Equal((expected, "pika", "7", "text/plain"), (text, received.Header.Properties!["from"], received.Header.Properties["number"], received.Header.Properties["content-type"]));
                await received.Delivery!.AcknowledgeAsync().Within();
            }
        }

        await using (MessageChannel channel = await queue.OpenAsync())
        {
            foreach (string text in (string[])["three", "four"])
                await channel.SendTextAsync(text, new MessageHeader { Properties = new Dictionary<string, string> { ["from"] = "parley" } });
        }

        Assert.Equal("three parley 2 True\nfour parley 2 True\n", await RunPikaAsync("receive", broker, queue, "three", "four"));
    }

    private static async Task<string> RunPikaAsync(string verb, Broker broker, TestQueue queue, params string[] texts)
    {
        var start = new ProcessStartInfo("/usr/bin/python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[Path.Combine(AppContext.BaseDirectory, "interop", "pika_peer.py"), verb, $"{broker.Port}", queue.EndPoint.Queue, .. texts])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync().Within();
        await process.WaitForExitAsync().Within();
        Assert.True(process.ExitCode == 0, errors);
        return await output;
    }
}
