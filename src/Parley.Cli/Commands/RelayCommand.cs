using System.CommandLine;
using System.Net;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Commands;

/// <summary><c>parley relay</c>: joins every client to a connection of its own to the target, or moves messages.</summary>
internal static class RelayCommand
{
    /// <summary>The client, two pipes, and what tells of the program's end.</summary>
    internal const int DescriptorsWithProgram = 4;

    private const string Forms = EndPointArgument.Forms + ", mq:/name, amqp://host?queue=name, udp://host:port";

    internal static Command Build(ProgramWords program)
    {
        Argument<string> listen = EndPointArgument.Required("LISTEN", "Where clients or messages come", Forms);
        Argument<string> target = EndPointArgument.Required("TARGET", "Where each is joined to", Forms + EndPointArgument.Program);
        var once = new Option<bool>("--once") { Description = "End after one client was served (over TCP, one with whom no byte is exchanged counts as a port probe), or one message of a queue or of UDP" };
        var transfer = new TransferSettings();
        Option<bool> follow = FollowOption.Create();
        Option<int?> ringSize = RingSizeOption.Create();
        var listener = new ListenerSettings();
        var connect = new ConnectSettings();
        var tls = new TlsSettings(listens: true, connects: true);
        var verbosity = new Verbosity();
        var broker = new BrokerSettings(tls);
        var messages = new MessageRelayCommand();
        var command = new Command("relay", "Join every client of LISTEN to a connection of its own to TARGET. Of two FIFOs the first is read and the second written; what TARGET answers to a single FIFO is dropped. With a queue or UDP on one side, or shared memory on one and --frame for the other, whole messages go one way, to one TARGET") { listen, target, once, follow, ringSize };
        transfer.AddTo(command);
        listener.AddTo(command);
        connect.AddTo(command);
        tls.AddTo(command);
        messages.AddTo(command);
        broker.AddTo(command);
        verbosity.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley relay tcp://127.0.0.1:8080 unix:/run/app.sock     a Unix socket, reachable by TCP
            parley relay unix:/tmp/db.sock db.example:5432 --retry 3 a remote server, reachable by path
            parley relay tls://0.0.0.0:8443 unix:/run/app.sock --cert app.pem --key app.key   the same, encrypted
            parley relay unix:/tmp/py.sock exec: -- python3 worker.py   a program for each client
            parley relay fifo:/tmp/log tcp://log.example:514         what is written to a FIFO, sent on
            parley relay mq:/orders udp://127.0.0.1:9000             a message a datagram
            parley relay unix:/tmp/in.sock mq:/orders --frame line   what clients say, line by line, into a queue
            parley relay mq:/orders 'amqp://host?queue=orders'       a queue of this machine, to a broker; kept in a file until confirmed
            parley relay shm:orders mq:/orders                       messages in shared memory, into a queue
            parley relay mq:/orders tcp://host:7000 --frame len32 --dead-letter lost.jsonl
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint local = listener.Check(parsed, EndPointArgument.GetRemote(parsed, listen, mayCarryMessages: true));
            EndPoint remote = EndPointArgument.GetForMessages(parsed, target, program, "parley relay unix:/tmp/sort.sock exec: -- sort");
            if (SelfJoin.IsMade(local, remote))
            {
                throw new UsageException(
                    $"{ParleyEndPoint.Format(local)} would be joined to itself", "LISTEN is a new endpoint, TARGET one that a server listens on");
            }

            Failure.ForeignServer = "a relay talks to servers of its own user and of root there; its --allow is about its clients";
            int? ring = RingSizeOption.Get(parsed, ringSize, local, remote);
            OneWay.CheckFollow(parsed.GetValue(follow), local, ConnectionDirection.ReceiveOnly);
            tls.Check(parsed, local, remote);
            broker.Use(parsed, remote, local, count: parsed.GetValue(once) ? 1 : null);
            if (messages.IsMeant(parsed, local, remote))
            {
                ListenerOptions clients = listener.Get(parsed, local, verbosity.Observer(parsed), Timeout.InfiniteTimeSpan);
                if (OneWay.Is(local))
                    clients.Direction = ConnectionDirection.ReceiveOnly;
                clients.FollowWriters = parsed.GetValue(follow);
                clients.RingSize = ring;
                if (transfer.RateLimit(parsed) is not null)
                    throw new UsageException("--rate-limit is for bytes between streams, not for messages");
                if (connect.HasTimeout(parsed) && remote is MessageQueueEndPoint or UdpEndPoint { Address: IPEndPoint })
                    throw new UsageException($"--timeout is for connecting; nobody is connected to at {ParleyEndPoint.Format(remote)}");
                return await messages.RunAsync(parsed, new MessageRelayPlan
                {
                    Source = local,
                    Target = remote,
                    Listener = listener,
                    ListenerOptions = clients,
                    DrainTimeout = listener.DrainTimeout(parsed),
                    ConnectTimeout = connect.Timeout(parsed),
                    Retries = connect.Retries(parsed),
                    Ready = bound => verbosity.SayListening(parsed, bound),
                    IsOnce = parsed.GetValue(once),
                    IsVerbose = verbosity.IsVerbose(parsed),
                    IsDryRun = verbosity.IsDryRun(parsed),
                    ShowsProgress = transfer.ShowsProgress(parsed, verbosity),
                });
            }

            if (verbosity.IsDryRun(parsed))
            {
                StandardError.WriteLine(
                    $"would listen on {ParleyEndPoint.Format(local)} and join each client to {ParleyEndPoint.Format(remote)}");
                return ExitCode.Done;
            }

            CallObserver? observer = verbosity.Observer(parsed);
            ListenerOptions listenerOptions = listener.Get(parsed, local, observer, Timeout.InfiniteTimeSpan);
            listenerOptions.Tls = tls.ForListener(parsed, local, hasTarget: remote is TlsEndPoint, verbosity.IsQuiet(parsed));
            AccessSettings.CheckCertificates(listenerOptions);
            listenerOptions.DescriptorsPerConnection = remote is ProcessEndPoint ? DescriptorsWithProgram : 2;
            if (OneWay.Is(local))
                listenerOptions.Direction = ConnectionDirection.ReceiveOnly;
            listenerOptions.FollowWriters = parsed.GetValue(follow);
            listenerOptions.RingSize = ring;
            ConnectionOptions connectOptions = connect.Get(parsed, observer, verbosity.IsVerbose(parsed));
            connectOptions.Tls = tls.ForClient(parsed, remote, hasListener: local is TlsEndPoint);
            connectOptions.RingSize = ring;
            connectOptions.IdleTimeout = listenerOptions.IdleTimeout;
            connectOptions.CloseTimeout = listenerOptions.CloseTimeout;
            if (OneWay.Is(remote))
                connectOptions.Direction = ConnectionDirection.SendOnly;
            bool verbose = verbosity.IsVerbose(parsed);
            Service service = remote is ProcessEndPoint child
                ? new ProgramService(child, connectOptions, verbose)
                : new RelayService(remote, connectOptions, dropsAnswers: OneWay.Is(local));
            using var server = new Server(service, verbose, parsed.GetValue(once), listener.DrainTimeout(parsed), transfer.RateLimit(parsed));
            return await server.RunAsync(
                local, listenerOptions, bound => verbosity.SayListening(parsed, bound), transfer.ShowsProgress(parsed, verbosity));
        });
        return command;
    }
}
