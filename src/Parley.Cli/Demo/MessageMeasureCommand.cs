using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Demo;

/// <summary>
/// Both processes of the demo's measurements of messages: a server that answers, and a client that measures and prints one number. Not shown in the
/// help.
/// </summary>
internal static class MessageMeasureCommand
{
    internal const string Name = "demo-messages";
    internal const string Server = "server";

    private const int WarmUps = 500;
    private const int RoundTrips = 3000;
    private const int LargeMessage = 4096;

    // A receiver that is behind loses datagrams: so many are on their way at most, each window answered by an empty message.
    private const int Window = 16;
    private const int Windows = 2000;

    internal static Command Build()
    {
        var role = new Argument<string>("ROLE");
        var endPoint = new Argument<string>("ENDPOINT");
        var back = new Argument<string?>("BACK") { Arity = ArgumentArity.ZeroOrOne };
        var command = new Command(Name, "The demo's processes that exchange messages") { role, endPoint, back };
        command.Hidden = true;
        command.SetAction(async (parsed, _) =>
        {
            EndPoint there = ParleyEndPoint.Parse(parsed.GetValue(endPoint)!);
            EndPoint? answers = parsed.GetValue(back) is { } text ? ParleyEndPoint.Parse(text) : null;
            switch (parsed.GetValue(role))
            {
                case Server:
                    await ServeAsync(there, answers);
                    break;
                case DemoClientCommand.RoundTrip:
                    await MeasureAsync(there, answers, MeasureRoundTripAsync);
                    break;
                case DemoClientCommand.Throughput:
                    await MeasureAsync(there, answers, MeasureThroughputAsync);
                    break;
                default:
                    throw new UsageException($"unknown role '{parsed.GetValue(role)}'");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static MessageChannelOptions Options => new() { Framing = MessageFraming.Len32, RunContinuationsInline = true };

    private static async Task ServeAsync(EndPoint endPoint, EndPoint? back)
    {
        switch (endPoint)
        {
            case MessageQueueEndPoint:
                {
                    await using MessageChannel requests = await MessageChannel.OpenAsync(endPoint, Options);
                    await using MessageChannel answers = await MessageChannel.OpenAsync(back!, Options);
                    SayReady(endPoint);
                    await AnswerAsync(requests, answers);
                    break;
                }

            case UdpEndPoint:
                {
                    await using MessageChannel bound = await MessageChannel.BindAsync(endPoint, Options);
                    SayReady(bound.LocalEndPoint!);
                    await AnswerAsync(bound, bound);
                    break;
                }

            case SharedMemoryEndPoint:
                {
                    await using MessageChannelListener listener = await MessageChannelListener.BindAsync(endPoint, Options);
                    SayReady(listener.LocalEndPoint);
                    await using MessageChannel client = (await listener.AcceptAsync())!;
                    await AnswerAsync(client, client);
                    break;
                }

            default:
                {
                    await using ConnectionListener listener = await ConnectionListener.BindAsync(endPoint, new ListenerOptions { RunContinuationsInline = true });
                    SayReady(listener.LocalEndPoint);
                    await using MessageChannel client = MessageChannel.Over((await listener.AcceptAsync())!, Options);
                    await AnswerAsync(client, client);
                    break;
                }
        }
    }

    private static void SayReady(EndPoint endPoint) => Output.StandardError.WriteLine("listening on " + ParleyEndPoint.Format(endPoint));

    /// <summary>Small messages go back as they are; of large ones each window is answered by an empty message.</summary>
    private static async Task AnswerAsync(MessageChannel requests, MessageChannel answers)
    {
        byte[] buffer = new byte[requests.MaxMessageSize];
        int inWindow = 0;
        while (await requests.ReceiveAsync(buffer) is { IsEnd: false } received)
        {
            if (received.Length != LargeMessage)
            {
                await answers.SendAsync(buffer.AsMemory(0, received.Length), received.Header);
            }
            else if (++inWindow == Window)
            {
                inWindow = 0;
                await answers.SendAsync(ReadOnlyMemory<byte>.Empty, received.Header);
            }
        }
    }

    private static async Task MeasureAsync(EndPoint endPoint, EndPoint? back, Func<MessageChannel, MessageChannel, Task<double>> measure)
    {
        await using MessageChannel requests = await MessageChannel.OpenAsync(endPoint, Options);
        double result;
        if (back is null)
        {
            result = await measure(requests, requests);
        }
        else
        {
            await using MessageChannel answers = await MessageChannel.OpenAsync(back, Options);
            result = await measure(requests, answers);
        }

        StandardOutput.PrintLine(result.ToString("R", CultureInfo.InvariantCulture));
    }

    /// <summary>The median time, in microseconds, that a small message takes to the server and back.</summary>
    private static async Task<double> MeasureRoundTripAsync(MessageChannel requests, MessageChannel answers)
    {
        var message = new byte[DemoClientCommand.MessageSize];
        var buffer = new byte[answers.MaxMessageSize];
        var times = new double[RoundTrips];
        for (int i = -WarmUps; i < RoundTrips; i++)
        {
            long started = Stopwatch.GetTimestamp();
            await requests.SendAsync(message);
            ReceivedMessage answer = await answers.ReceiveAsync(buffer);
            if (answer.Length != message.Length)
                throw new IOException($"{answer.Length} bytes came back of {message.Length}");
            if (i >= 0)
                times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        Array.Sort(times);
        return times[RoundTrips / 2];
    }

    /// <summary>Bytes a second, each window acknowledged.</summary>
    private static async Task<double> MeasureThroughputAsync(MessageChannel requests, MessageChannel answers)
    {
        var message = new byte[LargeMessage];
        var buffer = new byte[answers.MaxMessageSize];
        long started = Stopwatch.GetTimestamp();
        for (int window = 0; window < Windows; window++)
        {
            for (int i = 0; i < Window; i++)
                await requests.SendAsync(message);
            if (await answers.ReceiveAsync(buffer) is not { Length: 0, IsEnd: false })
                throw new IOException("something else came than the acknowledgement");
        }

        return (double)Windows * Window * LargeMessage / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
