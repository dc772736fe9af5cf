using System.Security.Cryptography.X509Certificates;

namespace Parley.Tests.Brokers;

[Collection(SharedBroker.Collection)]
public sealed class TlsTests
{
    [SkippableFact]
    public async Task OpenAsync_ItsAuthority_IsTrusted()
    {
        Broker broker = await SharedBroker.GetAsync();
        await using TestQueue queue = await TestQueue.CreateAsync();
        var options = new RabbitMQOptions { Tls = new TlsOptions { AuthorityFile = broker.AuthorityFile } };
        await using MessageChannel channel = await RabbitMQTransport.OpenAsync(broker.EndPoint(queue.EndPoint.Queue, isSecure: true), options).Within();
        byte[] large = Payload.Random(200_000, 1);
        await channel.SendAsync(large).Within();
        byte[] buffer = new byte[channel.MaxMessageSize];
        ReceivedMessage received = await channel.ReceiveAsync(buffer).Within();
        Assert.Equal(large, buffer[..received.Length]);
        await received.Delivery!.AcknowledgeAsync().Within();
    }

    [SkippableFact]
    public async Task OpenAsync_AnotherAuthority_IsUntrusted()
    {
        Broker broker = await SharedBroker.GetAsync();
        using var folder = new TestFolder();
        var tls = new TlsOptions { AuthorityFile = new TestAuthority("Another").WriteTo(folder["other.pem"]) };
        await FailsAsync(broker, tls, "authority");
        await FailsAsync(broker, new TlsOptions(), "authority");
        await FailsAsync(broker, new TlsOptions { Pins = { new string('0', 64) } }, "pin");
        await FailsAsync(broker, new TlsOptions { AuthorityFile = broker.AuthorityFile, ServerName = "elsewhere" }, "elsewhere");
    }

    [SkippableFact]
    public async Task OpenAsync_NoTlsThere_IsUntrusted()
    {
        Broker broker = await SharedBroker.GetAsync();
        var endPoint = new AmqpEndPoint(broker.EndPoint("orders").Address, "orders", isSecure: true);
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => RabbitMQTransport.OpenAsync(endPoint, new RabbitMQOptions()).Within());
        Assert.Equal(Step.Handshake, failure.Step);
    }

    [SkippableFact]
    public async Task OpenAsync_BrokerAsksForACertificate_OnlyWithOne()
    {
        await using Broker broker = await Broker.StartAsync(asksForCertificates: true);
        AmqpEndPoint queue = broker.EndPoint("orders", isSecure: true);
        using X509Certificate2 own = broker.Authority.Sign();
        var with = new RabbitMQOptions { Tls = new TlsOptions { AuthorityFile = broker.AuthorityFile, Certificate = own } };
        await RabbitMQTransport.CreateQueueAsync(queue, null, with).Within();
        await using (MessageChannel channel = await RabbitMQTransport.OpenAsync(queue, with).Within())
            await channel.SendTextAsync("who I am is known");

        var without = new RabbitMQOptions { Tls = new TlsOptions { AuthorityFile = broker.AuthorityFile } };
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => RabbitMQTransport.OpenAsync(queue, without).Within());
        Assert.NotEqual(Reason.TimedOut, failure.Reason);
    }

    private static async Task FailsAsync(Broker broker, TlsOptions tls, string words)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => RabbitMQTransport.OpenAsync(broker.EndPoint("orders", isSecure: true), new RabbitMQOptions { Tls = tls }).Within());
        Assert.Equal((Step.Handshake, Reason.Untrusted), (failure.Step, failure.Reason));
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
    }
}
