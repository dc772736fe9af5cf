using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using Parley.Cli.Commands;
using Parley.Cli.Output;

namespace Parley.Cli.Demo;

/// <summary>The demo's client process: measures against a server process, and prints one number. Not shown in the help.</summary>
internal static class DemoClientCommand
{
    internal const string Name = "demo-client";
    internal const string RoundTrip = "round-trip";
    internal const string Throughput = "throughput";
    internal const string Pin = "--pin";
    internal const int MessageSize = 64;

    private const int WarmUps = 500;
    private const int RoundTrips = 3000;
    private const int ChunkSize = 256 * 1024;
    private const long StreamSize = 256L * 1024 * 1024;

    internal static Command Build(ProgramWords program)
    {
        var measure = new Argument<string>("MEASURE");
        var endPoint = new Argument<string>("ENDPOINT");
        var pin = new Option<string?>(Pin);
        var command = new Command(Name, "The demo's client process") { measure, endPoint, pin };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = new ConnectionOptions { RunContinuationsInline = true };
            if (parsed.GetValue(pin) is { } expected)
                options.Tls = new TlsOptions { Pins = { expected } };
            Connection server = await Connection.ConnectAsync(EndPointArgument.GetTarget(parsed, endPoint, program), options, cancellationToken);
            await using (server)
            {
                double result = parsed.GetValue(measure) switch
                {
                    RoundTrip => await MeasureRoundTripAsync(server),
                    Throughput => await MeasureThroughputAsync(server),
                    string unknown => throw new UsageException($"unknown measure '{unknown}'"),
                    null => throw new UsageException("a measure is missing"),
                };
                StandardOutput.PrintLine(result.ToString("R", CultureInfo.InvariantCulture));
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The median time, in microseconds, that a small message takes to the server and back.</summary>
    private static async Task<double> MeasureRoundTripAsync(Connection server)
    {
        var message = new byte[MessageSize];
        var times = new double[RoundTrips];
        for (int i = -WarmUps; i < RoundTrips; i++)
        {
            long started = Stopwatch.GetTimestamp();
            await server.Output.WriteAsync(message);
            ReadResult reply = await server.Input.ReadAtLeastAsync(MessageSize);
            if (reply.Buffer.Length != MessageSize)
                throw new IOException($"{reply.Buffer.Length} bytes came back of {MessageSize}");
            server.Input.AdvanceTo(reply.Buffer.End);
            if (i >= 0)
                times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        Array.Sort(times);
        return times[RoundTrips / 2];
    }

    /// <summary>Bytes a second, from the first written to the server's word that it has read the last.</summary>
    private static async Task<double> MeasureThroughputAsync(Connection server)
    {
        var chunk = new byte[ChunkSize];
        long started = Stopwatch.GetTimestamp();
        for (long sent = 0; sent < StreamSize; sent += ChunkSize)
            await server.Output.WriteAsync(chunk);
        await server.CompleteWritesAsync();
        ReadResult end = await server.Input.ReadAsync();
        if (!end.IsCompleted || end.Buffer.Length > 0)
            throw new IOException("the server said something where it should only have ended");
        return StreamSize / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
