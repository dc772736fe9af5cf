using System.Diagnostics;

namespace Parley.Tests;

/// <summary>The name server of one or several brokers, and the secret that they share.</summary>
internal sealed class BrokerNames : IDisposable
{
    private readonly Process _process;

    public BrokerNames()
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"epmd -port {Port} -address 127.0.0.1 < /dev/null > /dev/null 2>&1 & read -r line; kill $!; wait");
        _process = Process.Start(start)!;
    }

    public int Port { get; } = Broker.FreePort();

    public string Cookie { get; } = Guid.NewGuid().ToString("N");

    public void Dispose()
    {
        _process.StandardInput.Dispose();
        _process.WaitForExit();
        _process.Dispose();
    }
}
