using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary><c>--retry</c> of the verbs that send or receive messages.</summary>
internal static class RetryOption
{
    internal static Option<int?> Create(string description) => NumberOption.Create("--retry", description, 0);

    /// <exception cref="UsageException">It is given where nobody is looked for.</exception>
    internal static void Check(ParseResult parsed, Option<int?> option, EndPoint endPoint, bool listens, string? hint)
    {
        if (parsed.GetValue(option) is null)
            return;
        if (listens)
            throw new UsageException($"{option.Name} tries again when nobody is there; {ParleyEndPoint.Format(endPoint)} is listened on", hint);
        if (endPoint is UdpEndPoint or ProcessEndPoint)
            throw new UsageException($"{option.Name} tries again when nobody is there; nobody is looked for at {ParleyEndPoint.Format(endPoint)}");
    }
}
