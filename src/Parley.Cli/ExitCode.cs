using Parley.Cli.Output;

namespace Parley.Cli;

/// <summary>What the command's exit says. The numbers are a promise to scripts.</summary>
internal static class ExitCode
{
    internal const int Done = 0;
    internal const int Failed = 1;
    internal const int WrongUsage = 2;
    internal const int NotConnected = 3;
    internal const int TimedOut = 4;
    internal const int BrokenOff = 5;
    internal const int RefusedForSecurity = 6;
    internal const int Interrupted = 130;

    /// <summary>What a program that wrote to a pipe nobody reads ends with: 128 and SIGPIPE.</summary>
    internal const int BrokenPipeSignal = 141;

    internal static int Of(ConnectionException failure) => failure.Reason switch
    {
        Reason.TimedOut => TimedOut,
        Reason.Denied or Reason.Untrusted => RefusedForSecurity,

        // Somebody was there and turned us away, whether that is met while connecting or at the first read.
        Reason.Reset => BrokenOff,
        _ when failure.Step is Step.Resolve or Step.Socket or Step.Bind or Step.Listen or Step.Connect or Step.Open => NotConnected,

        // Nothing of that name is there, as where it was to be opened; or the broker is not, which was to make or remove it.
        Reason.NotFound or Reason.Refused when failure.Step == Step.Remove || failure is { Step: Step.Create, EndPoint: AmqpEndPoint } => NotConnected,

        // Nobody broke off: a framing cannot carry the message.
        Reason.Corrupt when FramingWords.IsAbout(failure) => Failed,
        Reason.PeerDied or Reason.Corrupt or Reason.Aborted => BrokenOff,
        _ => Failed,
    };
}
