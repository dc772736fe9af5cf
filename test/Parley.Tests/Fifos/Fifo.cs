namespace Parley.Tests.Fifos;

/// <summary>One FIFO of one test, and plain programs' ways to use it: calls that block, on threads of their own.</summary>
internal sealed class Fifo : IDisposable
{
    private readonly TestFolder _folder = new();

    public Fifo()
    {
        EndPoint = new FifoEndPoint(_folder["fifo"]);
        NamedObject.Create(EndPoint);
    }

    public FifoEndPoint EndPoint { get; }

    public string Path => EndPoint.Path;

    public string this[string name] => _folder[name];

    public static ConnectionOptions Receive(Action<ConnectionOptions>? configure = null) => Options(ConnectionDirection.ReceiveOnly, configure);

    public static ConnectionOptions Send(Action<ConnectionOptions>? configure = null) => Options(ConnectionDirection.SendOnly, configure);

    public Task<Connection> ReceiveAsync(Action<ConnectionOptions>? configure = null) => Connection.ConnectAsync(EndPoint, Receive(configure)).AsTask();

    public Task<Connection> SendAsync(Action<ConnectionOptions>? configure = null) => Connection.ConnectAsync(EndPoint, Send(configure)).AsTask();

    /// <summary>Opens as <c>open(O_RDONLY)</c> does: returns when there is a writer.</summary>
    public Task<FileStream> OpenReaderAsync() => OpenAsync(Path, FileAccess.Read);

    /// <summary>Opens as <c>open(O_WRONLY)</c> does: returns when there is a reader.</summary>
    public Task<FileStream> OpenWriterAsync() => OpenAsync(Path, FileAccess.Write);

    public static Task<FileStream> OpenAsync(string path, FileAccess access)
        => OnItsOwnThread.Run(() => new FileStream(path, FileMode.Open, access, FileShare.ReadWrite, bufferSize: 0));

    public async Task WriteAsync(string text)
    {
        await using FileStream writer = await OpenWriterAsync().Within();
        writer.Write(System.Text.Encoding.UTF8.GetBytes(text));
    }

    public async Task<string> ReadToEndAsync()
    {
        await using FileStream reader = await OpenReaderAsync().Within();
        return await ReadToEndAsync(reader);
    }

    public static Task<string> ReadToEndAsync(FileStream reader) => OnItsOwnThread.Run(() =>
    {
        using var text = new StreamReader(reader);
        return text.ReadToEnd();
    }).Within();

    public static async Task<ConnectionException> FailsAsync(Step step, Reason reason, Func<Task> act)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.True((failure.Step, failure.Reason) == (step, reason), $"{failure.Step}, {failure.Reason} instead of {step}, {reason}: {failure}");
        return failure;
    }

    public void Dispose() => _folder.Dispose();

    private static ConnectionOptions Options(ConnectionDirection direction, Action<ConnectionOptions>? configure)
    {
        var options = new ConnectionOptions { Direction = direction };
        configure?.Invoke(options);
        return options;
    }
}
