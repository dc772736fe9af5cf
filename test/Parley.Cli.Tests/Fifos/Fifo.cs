namespace Parley.Cli.Tests.Fifos;

/// <summary>FIFOs of one test, made by the system's own program.</summary>
internal sealed class Fifo : IDisposable
{
    private readonly TestFolder _folder = new();

    public Fifo()
    {
        foreach (string name in new[] { "fifo", "in", "out" })
            ChildProcess.RunAsync(Programs.Require("mkfifo"), _folder[name]).GetAwaiter().GetResult().MustExit(0);
    }

    public string Path => _folder["fifo"];

    public string Endpoint => $"fifo:{Path}";

    public string PairEndpoint => $"fifo:{_folder["in"]}:{_folder["out"]}";

    public TestFolder Folder => _folder;

    public string this[string name] => _folder[name];

    public ChildProcess Cat() => ChildProcess.Start([Programs.Require("cat"), Path]);

    /// <summary>A shell's redirection, which opens the FIFO and waits there for a reader.</summary>
    public ChildProcess Say(string text) => Command.StartScript($"printf %s {Command.Quote(text)} > {Command.Quote(Path)}");

    public void Dispose() => _folder.Dispose();
}
