using System.Buffers;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Parley.Tests.Connections;

public sealed class SendFileTests : IDisposable
{
    private const int Size = 5_000_000;

    private readonly TestFolder _folder = new();
    private readonly byte[] _bytes = Payload.Random(Size);
    private readonly SafeFileHandle _file;

    public SendFileTests()
    {
        File.WriteAllBytes(_folder["file"], _bytes);
        _file = File.OpenHandle(_folder["file"]);
    }

    public static TheoryData<ChannelKind> Channels => [.. Enum.GetValues<ChannelKind>()];

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task SendFileAsync_WholeFile_ArrivesAfterWhatWasUnflushed(ChannelKind kind)
    {
        await using Pair pair = await Pair.ConnectAsync(kind);
        Task<byte[]> received = Talk.ReadToEndAsync(pair.Server);

        pair.Client.Output.Write("before"u8);
        long sent = await pair.Client.SendFileAsync(_file).AsTask().Within();
        await Talk.SendAndEndAsync(pair.Client, "after"u8.ToArray()).Within();

        Assert.Equal(Size, sent);
        byte[] all = await received.Within();
        Assert.Equal([.. "before"u8, .. _bytes, .. "after"u8], all);
        Assert.Equal(all.Length, pair.Client.Statistics.BytesSent);
    }

    [Theory]
    [InlineData(ChannelKind.Tcp4, 0, 0, 0)]
    [InlineData(ChannelKind.Tcp4, 10, 20, 20)]
    [InlineData(ChannelKind.Tcp4, Size - 5, 20, 5)]
    [InlineData(ChannelKind.Tcp4, Size + 5, 20, 0)]
    [InlineData(ChannelKind.Memory, 10, 20, 20)]
    [InlineData(ChannelKind.Memory, Size - 5, 20, 5)]
    [InlineData(ChannelKind.Memory, Size + 5, 20, 0)]
    public async Task SendFileAsync_Part_SendsAsMuchAsThereIs(ChannelKind kind, int offset, int count, int there)
    {
        await using Pair pair = await Pair.ConnectAsync(kind);

        long sent = await pair.Client.SendFileAsync(_file, offset, count).AsTask().Within();
        await pair.Client.CompleteWritesAsync().AsTask().Within();

        Assert.Equal(there, sent);
        Assert.Equal(_bytes.AsSpan(Math.Min(offset, Size), there).ToArray(), await Talk.ReadToEndAsync(pair.Server).Within());
    }

    [Fact]
    public async Task SendFileAsync_Socket_DoesNotReadTheFile()
    {
        var observer = new RecordingObserver();
        await using Pair pair = await Pair.ConnectAsync(ChannelKind.Tcp4, configure: options => options.CallObserver = observer);
        Task<byte[]> received = Talk.HashToEndAsync(pair.Server);

        await pair.Client.SendFileAsync(_file).AsTask().Within();
        await pair.Client.CompleteWritesAsync().AsTask().Within();
        await received.Within();

        Assert.Equal(Size, observer.Calls.Where(call => call.Name == "sendfile").Sum(call => call.Result));
        Assert.DoesNotContain("write", observer.Names);
    }

    [Fact]
    public async Task SendFileAsync_PeerIsGone_Throws()
    {
        await using Pair pair = await Pair.ConnectAsync(ChannelKind.Tcp4);
        pair.Server.Abort();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(async () =>
        {
            while (true)
                await pair.Client.SendFileAsync(_file).AsTask().Within();
        });

        Assert.Equal((Step.Write, Reason.Reset), (failure.Step, failure.Reason));
    }

    [Fact]
    public async Task SendFileAsync_Canceled_ThrowsAndTheConnectionGoesOn()
    {
        await using Pair pair = await Pair.ConnectAsync(ChannelKind.Tcp4);
        using var giveUp = new CancellationTokenSource();
        Task sending = Task.Run(async () =>
        {
            while (true)
                await pair.Client.SendFileAsync(_file, cancellationToken: giveUp.Token);
        });
        await Eventually.StandsStillAsync(() => pair.Client.Statistics.BytesSent, "nothing more goes");

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.Within());
        long sent = pair.Client.Statistics.BytesSent;
        Task<byte[]> received = Talk.ReadToEndAsync(pair.Server);
        await Talk.SendAndEndAsync(pair.Client, "end"u8.ToArray()).Within();
        byte[] all = await received.Within();
        Assert.Equal(sent + 3, all.Length);
        Assert.Equal("end", Encoding.UTF8.GetString(all[^3..]));
    }

    [Fact]
    public async Task SendFileAsync_NegativeNumbers_Throws()
    {
        await using Pair pair = await Pair.ConnectAsync(ChannelKind.Tcp4);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await pair.Client.SendFileAsync(_file, -1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await pair.Client.SendFileAsync(_file, 0, -1));
    }
}
