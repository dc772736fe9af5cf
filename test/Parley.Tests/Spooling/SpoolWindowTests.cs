using System.Text;
using Parley.Transports.Spooling;

namespace Parley.Tests.Spooling;

/// <summary>A process that ends between the kernel's copy and the record of the length: the file is left as the kernel leaves it.</summary>
public sealed class SpoolWindowTests
{
    public static TheoryData<byte[]> Exact => new(
        [], [0], "{\"n\":1}"u8.ToArray(), Encoding.UTF8.GetBytes(new string('ü', TestQueue.MessageSize / 2)), new byte[TestQueue.MessageSize], [0xFF, 0xC0, 0x00]);

    [Theory]
    [MemberData(nameof(Exact))]
    public async Task Open_KernelHasCopied_LengthIsFound(byte[] message)
    {
        ReceivedMessage received = default;
        byte[] buffer = new byte[TestQueue.MessageSize];
        await AfterTakingAsync(message, async spool =>
        {
            Assert.Equal((1, 1, 0), (spool.Recovered, spool.Unacknowledged, spool.Corrupt));
            received = await spool.ReceiveAsync(buffer).Within();
        });
        Assert.Equal(message, buffer[..received.Length]);
        Assert.Equal(7, received.Header.Priority);
        Assert.NotNull(received.Header.Properties?[MessageSpool.RecoveredProperty]);
        Assert.False(received.Delivery!.IsRedelivered);
    }

    [Fact]
    public async Task Open_NothingWasTaken_FindsNothing()
        => await AfterTakingAsync(null, static spool =>
        {
            Assert.Equal((0, 0, 0), (spool.Recovered, spool.Unacknowledged, spool.Corrupt));
            return Task.CompletedTask;
        });

    [Fact]
    public void WrittenLength_EndEqualsThePattern_IsShorter()
    {
        byte[] pattern = new byte[SpoolPattern.Length];
        SpoolPattern.Make(pattern);
        byte[] room = new byte[1000];
        SpoolPattern.Fill(room, pattern);
        Assert.Equal(0, SpoolPattern.WrittenLength(room, pattern));
        room[499] = 1;
        room[500] = pattern[500 % SpoolPattern.Length];
        Assert.Equal(500, SpoolPattern.WrittenLength(room, pattern));
        Assert.All(pattern, static never => Assert.True(never is 0xC0 or 0xC1 or >= 0xF5));
    }

    private static async Task AfterTakingAsync(byte[]? message, Func<MessageSpool, Task> look)
    {
        using var folder = new TestFolder();
        using var queue = new TestQueue();
        await using MessageChannel source = await queue.OpenAsync();
        using (SpoolFile file = SpoolFile.Open(folder["spool"], TestQueue.MessageSize, mayGrow: false, 64 * 1024, sync: false, asked: null))
        {
            file.Arm(0, 1, isPriorityFirst: true);
            if (message is not null)
            {
                await source.SendAsync(message, new MessageHeader { Priority = 7 }).Within();
                Assert.True(source.TryReceive(file.Room(0), ref file.Header(0).Priority, out _));
            }
        }

        await using MessageSpool spool = MessageSpool.Open(source, new MessageSpoolOptions { Path = folder["spool"], Capacity = 64 * 1024 });
        await look(spool);
    }
}
