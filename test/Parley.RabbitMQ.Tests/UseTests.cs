namespace Parley.RabbitMQ.Tests;

public sealed class UseTests
{
    [Fact]
    public void Use_Again_DoesNothing()
    {
        RabbitMQTransport.Use();
        RabbitMQTransport.Use();
        Assert.True(NamedObject.IsNamed(ParleyEndPoint.Parse("amqp://127.0.0.1?queue=orders")));
    }
}
