using System.Net;

namespace Parley.Tests.Diagnostics;

public sealed class ConnectionExceptionTests
{
    private static readonly IPEndPoint Somewhere = new(IPAddress.Loopback, 5000);

    [Theory]
    [InlineData(111, Step.Connect, Reason.Refused, "ECONNREFUSED")]
    [InlineData(98, Step.Bind, Reason.InUse, "EADDRINUSE")]
    [InlineData(2, Step.Connect, Reason.NotFound, "ENOENT")]
    [InlineData(99, Step.Bind, Reason.NotFound, "EADDRNOTAVAIL")]
    [InlineData(13, Step.Bind, Reason.Denied, "EACCES")]
    [InlineData(1, Step.Bind, Reason.Denied, "EPERM")]
    [InlineData(110, Step.Connect, Reason.TimedOut, "ETIMEDOUT")]
    [InlineData(104, Step.Read, Reason.Reset, "ECONNRESET")]
    [InlineData(32, Step.Write, Reason.Reset, "EPIPE")]
    [InlineData(103, Step.Accept, Reason.Reset, "ECONNABORTED")]
    [InlineData(24, Step.Socket, Reason.Limit, "EMFILE")]
    [InlineData(11, Step.Connect, Reason.Full, "EAGAIN")]
    [InlineData(113, Step.Connect, Reason.Other, "EHOSTUNREACH")]
    [InlineData(4095, Step.Read, Reason.Other, "errno 4095")]
    public void FromErrno_EachNumber_HasItsReasonAndName(int number, Step step, Reason reason, string name)
    {
        ConnectionException failure = ConnectionException.FromErrno(step, number, Somewhere);

        Assert.Equal((step, reason, number, name), (failure.Step, failure.Reason, failure.ErrorNumber, failure.ErrorName));
        Assert.Same(Somewhere, failure.EndPoint);
        Assert.EndsWith($"tcp://127.0.0.1:5000: {failure.Cause} ({name})", failure.Message, StringComparison.Ordinal);
        Assert.False(char.IsUpper(failure.Cause[0]));
    }

    [Theory]
    [InlineData(Step.Resolve, "cannot connect to")]
    [InlineData(Step.Socket, "cannot make a socket for")]
    [InlineData(Step.Bind, "cannot listen on")]
    [InlineData(Step.Listen, "cannot listen on")]
    [InlineData(Step.Accept, "cannot accept on")]
    [InlineData(Step.Connect, "cannot connect to")]
    [InlineData(Step.Handshake, "cannot agree with")]
    [InlineData(Step.Read, "cannot read from")]
    [InlineData(Step.Write, "cannot write to")]
    [InlineData(Step.Open, "cannot open")]
    [InlineData(Step.Send, "cannot send to")]
    [InlineData(Step.Receive, "cannot receive from")]
    public void Message_EachStep_SaysWhatCannotBeDone(Step step, string words)
    {
        var known = new ConnectionException(step, Reason.Other, Somewhere, "some cause");
        var unknown = new ConnectionException(step, Reason.Other, null, "some cause");

        Assert.Equal($"{words} tcp://127.0.0.1:5000: some cause", known.Message);
        Assert.Equal($"{words} the peer: some cause", unknown.Message);
        Assert.Equal((0, null, 0L), (known.ErrorNumber, known.ErrorName, known.UndeliveredBytes));
    }
}
