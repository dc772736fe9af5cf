using System.CommandLine;
using System.Net;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Commands;

/// <summary><c>parley relay</c>: joins every client to a connection of its own to the target.</summary>
internal static class RelayCommand
{
    internal static Command Build()
    {
        Argument<string> listen = EndPointArgument.Required("LISTEN", "Where clients come");
        Argument<string> target = EndPointArgument.Required("TARGET", "Where each is joined to");
        var once = new Option<bool>("--once") { Description = "End after one client was served" };
        var transfer = new TransferSettings();
        var listener = new ListenerSettings();
        var connect = new ConnectSettings();
        var verbosity = new Verbosity();
        var command = new Command("relay", "Join every client of LISTEN to a connection of its own to TARGET") { listen, target, once };
        transfer.AddTo(command);
        listener.AddTo(command);
        connect.AddTo(command);
        verbosity.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley relay tcp://127.0.0.1:8080 unix:/run/app.sock     a Unix socket, reachable by TCP
            parley relay unix:/tmp/db.sock db.example:5432 --retry 3 a remote server, reachable by path
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint local = EndPointArgument.GetRemote(parsed, listen);
            EndPoint remote = EndPointArgument.GetRemote(parsed, target);
            if (verbosity.IsDryRun(parsed))
            {
                StandardError.WriteLine(
                    $"would listen on {ParleyEndPoint.Format(local)} and join each client to {ParleyEndPoint.Format(remote)}");
                return ExitCode.Done;
            }

            CallObserver? observer = verbosity.Observer(parsed);
            ListenerOptions listenerOptions = listener.Get(parsed, local, observer, Timeout.InfiniteTimeSpan);
            listenerOptions.DescriptorsPerConnection = 2;
            ConnectionOptions connectOptions = connect.Get(parsed, observer);
            connectOptions.IdleTimeout = listenerOptions.IdleTimeout;
            connectOptions.CloseTimeout = listenerOptions.CloseTimeout;
            var service = new RelayService(remote, connectOptions);
            using var server = new Server(
                service, verbosity.IsVerbose(parsed), parsed.GetValue(once), listener.DrainTimeout(parsed), transfer.RateLimit(parsed));
            return await server.RunAsync(
                local, listenerOptions, bound => verbosity.SayListening(parsed, bound), transfer.ShowsProgress(parsed, verbosity));
        });
        return command;
    }
}
