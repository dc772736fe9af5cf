using System.CommandLine;
using System.Net;
using System.Text;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Commands;

/// <summary><c>parley serve</c>: the tutorial's server, for any number of clients.</summary>
internal static class ServeCommand
{
    private const string TutorialMessage = "Server Message";

    internal static Command Build(ProgramWords program)
    {
        Argument<string> endPoint = EndPointArgument.Optional();
        var message = new Option<string?>("--message") { Description = $"Give each client this text, exactly (default \"{TutorialMessage}\")", HelpName = "TEXT" };
        var file = new Option<string?>("--file") { Description = "Give each client this file", HelpName = "PATH" };
        var echo = new Option<bool>("--echo") { Description = "Send each client back what it sends" };
        var discard = new Option<bool>("--discard") { Description = "Take what each client sends, and drop it" };
        var exec = new Option<bool>(ProgramWords.Option) { Description = "Start a program for each client, and join both: -- PROGRAM [ARGS] at the end" };
        var once = new Option<bool>("--once") { Description = "End after one client was served (over TCP, where it is to speak: one that says nothing at all counts as a port probe)" };
        Option<int?> ringSize = RingSizeOption.Create();
        var transfer = new TransferSettings();
        var listener = new ListenerSettings();
        var tls = new TlsSettings(listens: true);
        var verbosity = new Verbosity();
        var command = new Command("serve", "Serve each client that connects") { endPoint, message, file, echo, discard, exec, once, ringSize };
        transfer.AddTo(command);
        listener.AddTo(command);
        tls.AddTo(command);
        verbosity.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley serve                                     the tutorial's server
            parley serve tcp://127.0.0.1:0 --message 'hi'    on a free port, which it prints
            parley serve unix:/tmp/data.sock --file data.bin a file to each client
            parley serve tls://0.0.0.0:5443 --self-signed    encrypted; says the pin for: parley connect --pin
            parley serve tcp://[::1]:7 --echo --trace        watch every call
            parley serve unix:/tmp/sort.sock --exec -- sort  a program for each client
            parley serve tcp://0.0.0.0:7000 --allow 10.0.0.0/8 --deny 10.0.0.13 --max-connections-per-peer 8
            parley serve unix:/run/app.sock --mode 0666 --allow user:www-data
            parley serve shm:demo --echo                     through shared memory
            parley serve fifo:/tmp/motd --file motd.txt      a file to each reader of a FIFO, one after the other
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint local = listener.GetLocal(parsed, endPoint);
            int chosen = (parsed.GetValue(message) is null ? 0 : 1) + (parsed.GetValue(file) is null ? 0 : 1)
                + (parsed.GetValue(echo) ? 1 : 0) + (parsed.GetValue(discard) ? 1 : 0) + (parsed.GetValue(exec) ? 1 : 0);
            if (chosen > 1)
                throw new UsageException("only one of --message, --file, --echo, --discard and --exec at a time");

            if (OneWay.Is(local) && (parsed.GetValue(echo) || parsed.GetValue(exec)))
            {
                throw new UsageException(
                    $"{ParleyEndPoint.Format(local)} goes one way: {(parsed.GetValue(echo) ? "--echo" : "--exec")} needs a pair of FIFOs", OneWay.PairHint(local));
            }

            tls.Check(parsed, local, remote: null);
            ListenerOptions options = listener.Get(parsed, local, verbosity.Observer(parsed), TimeSpan.FromSeconds(60));
            options.RingSize = RingSizeOption.Get(parsed, ringSize, local);
            bool verbose = verbosity.IsVerbose(parsed);
            Service service = parsed.GetValue(exec)
                ? Start(program.Get("parley serve unix:/tmp/sort.sock --exec -- sort"), options, verbose)
                : Choose(parsed.GetValue(message), parsed.GetValue(file), parsed.GetValue(echo), parsed.GetValue(discard));
            using (service as IDisposable)
            {
                if (verbosity.IsDryRun(parsed))
                {
                    StandardError.WriteLine($"would listen on {ParleyEndPoint.Format(local)} and {service.Description} each client");
                    return ExitCode.Done;
                }

                options.Tls = tls.ForListener(parsed, local, hasTarget: false, verbosity.IsQuiet(parsed));
                AccessSettings.CheckCertificates(options);
                if (OneWay.Is(local))
                    options.Direction = parsed.GetValue(discard) ? ConnectionDirection.ReceiveOnly : ConnectionDirection.SendOnly;
                using var server = new Server(service, verbose, parsed.GetValue(once), listener.DrainTimeout(parsed), transfer.RateLimit(parsed));
                return await server.RunAsync(
                    local,
                    options,
                    bound => verbosity.SayListening(parsed, bound),
                    transfer.ShowsProgress(parsed, verbosity));
            }
        });
        return command;
    }

    private static ProgramService Start(ProcessEndPoint program, ListenerOptions options, bool verbose)
    {
        options.DescriptorsPerConnection = RelayCommand.DescriptorsWithProgram;
        var child = new ConnectionOptions
        {
            IdleTimeout = options.IdleTimeout,
            CloseTimeout = options.CloseTimeout,
            RunContinuationsInline = true,
            CallObserver = options.CallObserver,
            LoggerFactory = options.LoggerFactory,
        };
        return new ProgramService(program, child, verbose);
    }

    private static Service Choose(string? message, string? file, bool echo, bool discard)
    {
        if (file is not null)
            return new FileService(file);
        if (echo)
            return new EchoService();
        return discard ? new DiscardService() : new MessageService(Encoding.UTF8.GetBytes(message ?? TutorialMessage));
    }
}
