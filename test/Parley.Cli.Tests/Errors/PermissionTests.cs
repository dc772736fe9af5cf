using System.Globalization;

namespace Parley.Cli.Tests.Errors;

/// <summary>What another user may not do.</summary>
public sealed class PermissionTests : IDisposable
{
    private readonly TestFolder _folder = new TestFolder().OpenToAll();

    private string Endpoint => $"unix:{_folder["s"]}";

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Serve_PrivilegedPort_IsDenied()
    {
        const string Setting = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
        Skip.If(int.Parse(await File.ReadAllTextAsync(Setting), CultureInfo.InvariantCulture) <= 80, "anybody may listen on port 80 here");

        CommandResult result = await Command.RunAsync(new Launch("serve", "tcp://127.0.0.1:80") { User = Launch.Nobody });

        Failure.MustBe(result, "6", @"cannot listen on tcp://127\.0\.0\.1:80: permission denied \(EACCES\)");
        Assert.Empty(result.Output);
    }

    [SkippableFact]
    public async Task Connect_SocketFileWithoutPermission_IsDenied()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint);

        CommandResult result = await Command.RunAsync(new Launch("connect", Endpoint) { User = Launch.Nobody });

        Failure.MustBe(result, "6", @"cannot connect to unix:.*: permission denied \(EACCES\)");
        Assert.Empty(result.Output);
        Assert.Empty(server.Messages);
    }

    [SkippableFact]
    public async Task Connect_SocketFileWithPermission_IsServed()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint, "--mode", "0666");

        CommandResult result = await Command.RunAsync(new Launch("connect", Endpoint) { User = Launch.Nobody });

        Assert.Equal(Payload.ServerMessage, result.MustExit(0).Output);
    }

    [SkippableFact]
    public async Task Serve_FolderWithoutPermission_IsDenied()
    {
        CommandResult result = await Command.RunAsync(new Launch("serve", Endpoint) { User = Launch.Nobody });

        Failure.MustBe(result, "6", @"cannot listen on unix:.*: permission denied \(EACCES\)");
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [SkippableFact]
    public async Task Serve_StalePathOfAnotherUser_IsNotTakenOver()
    {
        await using (ListeningCommand killed = await Command.ListenAsync("serve", Endpoint))
            await killed.StopAsync(Signal.Kill);

        CommandResult result = await Command.RunAsync(new Launch("serve", Endpoint) { User = Launch.Nobody });

        Failure.MustBe(result, "3|6", "cannot listen on unix:");
        Assert.True(File.Exists(_folder["s"]));
    }

    [SkippableFact]
    public async Task ServeFile_FileWithoutPermission_IsDenied()
    {
        await File.WriteAllTextAsync(_folder["secret"], "secret");
        File.SetUnixFileMode(_folder["secret"], UnixFileMode.UserRead);

        CommandResult result = await Command.RunAsync(
            new Launch("serve", "tcp://127.0.0.1:0", "--file", _folder["secret"]) { User = Launch.Nobody });

        Failure.MustBe(result, "1|6", @"secret.*EACCES");
    }

    [SkippableFact]
    public async Task Serve_AnotherUsersOwnFolder_Works()
    {
        using TestFolder shared = new TestFolder().OpenToAll(writable: true);
        string endpoint = $"unix:{shared["s"]}";
        await using ListeningCommand server = await Command.ListenAsync(new Launch("serve", endpoint) { User = Launch.Nobody });

        Assert.Equal(Payload.ServerMessage, await RawSocket.ReceiveFromAsync(endpoint));
    }
}
