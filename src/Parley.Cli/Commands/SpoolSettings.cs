using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary>Where a relay keeps what it took and its target has not confirmed.</summary>
internal sealed class SpoolSettings
{
    private const int LongestName = 40;
    private const int Most = 1024 * 1024 * 1024;

    private readonly Option<string?> _file = new("--spool")
    {
        Description = "Messages: keep those that were taken and that TARGET has not confirmed in this file (default, from mq: to a broker: one in XDG_STATE_HOME/parley)",
        HelpName = "FILE",
    };
    private readonly Option<int?> _size = SizeOption.Create("--spool-size", "Messages: its size in bytes; when it is full, messages wait where they come from (default 64M)", Most);
    private readonly Option<bool> _sync = new("--fsync") { Description = "Messages: have each on the disk before it is sent, for power failures" };

    internal void AddTo(Command command)
    {
        command.Options.Add(_file);
        command.Options.Add(_size);
        command.Options.Add(_sync);
    }

    /// <exception cref="UsageException">One of the options is given where there is nothing to keep.</exception>
    internal void RefuseAll(ParseResult parsed, EndPoint source)
    {
        if (Given(parsed, _file, _size, _sync) is { } given)
            throw new UsageException($"{given.Name} is for messages that are gone once they are taken, from mq: or udp:; {ParleyEndPoint.Format(source)} is no such source");
    }

    /// <exception cref="UsageException">An option says how messages are kept in a file, and nothing that they are.</exception>
    internal void Check(ParseResult parsed, MessageRelayPlan plan)
    {
        if (!Keeps(parsed, plan) && Given(parsed, _size, _sync) is { } given)
        {
            throw new UsageException(
                $"{given.Name} is about the file that keeps messages, and between {ParleyEndPoint.Format(plan.Source)} and {ParleyEndPoint.Format(plan.Target)} there is none", "--spool FILE keeps them in one");
        }
    }

    /// <summary>The spool of a relay; <see langword="null"/> where it has none.</summary>
    internal MessageSpoolOptions? Get(ParseResult parsed, MessageRelayPlan plan)
    {
        if (!Keeps(parsed, plan))
            return null;
        var options = new MessageSpoolOptions { Path = parsed.GetValue(_file) ?? DefaultPath(plan), Fsync = parsed.GetValue(_sync), LoggerFactory = new StandardErrorLogger(plan.IsVerbose) };
        options.Capacity = parsed.GetValue(_size) ?? options.Capacity;
        return options;
    }

    internal static MessageSpool? Open(MessageChannel source, MessageSpoolOptions? options, bool verbose)
    {
        if (options is null)
            return null;
        MessageSpool spool = Open(source, options);
        if (verbose || spool.Unacknowledged > 0)
            StandardError.WriteLine($"{PlainText.OneLine(options.Path)}: {spool.Unacknowledged} of {Units.Count(spool.Capacity, "message")} kept from before");
        return spool;
    }

    private static MessageSpool Open(MessageChannel source, MessageSpoolOptions options)
    {
        try
        {
            return MessageSpool.Open(source, options);
        }
        catch (ArgumentOutOfRangeException tooSmall)
        {
            // How long messages are is known only now that the source is open.
            string words = tooSmall.Message.Split(" (Parameter", 2)[0].TrimEnd('.');
            throw new UsageException($"--spool-size: {options.Capacity} bytes are too few: {char.ToLowerInvariant(words[0])}{words[1..]}");
        }
    }

    /// <summary>Closes it, and says what is left in it.</summary>
    internal static async ValueTask CloseAsync(MessageSpool spool, MessageSpoolOptions options)
    {
        if (spool.Unacknowledged > 0)
            StandardError.WriteLine($"{PlainText.OneLine(options.Path)}: {Units.Count(spool.Unacknowledged, "message")} {(spool.Unacknowledged == 1 ? "waits here, and is" : "wait here, and are")} sent first the next time");
        await spool.DisposeAsync();
    }

    private static Option? Given(ParseResult parsed, params Option[] options) => Array.Find(options, one => parsed.GetResult(one) is { Implicit: false });

    // A bridge to a broker keeps them unasked.
    private bool Keeps(ParseResult parsed, MessageRelayPlan plan) => parsed.GetValue(_file) is not null || plan is { Source: MessageQueueEndPoint, Target: AmqpEndPoint };

    // A name that tells what it is for, and a hash for what such a name cannot tell apart.
    private static string DefaultPath(MessageRelayPlan plan)
    {
        string ends = $"{ParleyEndPoint.Format(plan.Source)} {ParleyEndPoint.Format(plan.Target)}";
        string name = string.Concat(ends.Select(static one => char.IsAsciiLetterOrDigit(one) ? one : '-'));
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ends)))[..8];
        string folder = Path.Combine(StateFolder(), "parley");
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("A spool needs Linux.");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if ((File.GetUnixFileMode(folder) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != UnixFileMode.None)
            throw new CommandException($"{PlainText.OneLine(folder)}: others can write there, and what is kept could be taken away; --spool FILE says where else", ExitCode.RefusedForSecurity);
        return Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name[..Math.Min(LongestName, name.Length)]}-{hash}.spool"));
    }

    private static string StateFolder()
    {
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is ['/', ..] state)
            return state;
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0
            ? Path.Combine(home, ".local", "state")
            : throw new UsageException("there is no home directory to keep messages in", "--spool FILE says where");
    }
}
