using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

/// <summary>However many relays there are, the user's other programs get pipes as well.</summary>
[Collection(nameof(Alone))]
public sealed class SplicePipeTests
{
    private const int Largest = 1024 * 1024;
    private const int Large = 512 * 1024;
    private const int Share = 64 * 1024 * 1024;

    [Fact]
    public void TryRent_AsManyAsThereAre_TakeHalfOfTheShareAtMost()
    {
        List<SplicePipe> pipes = RentAll(out bool isRefused);

        int[] sizes = [.. pipes.Select(static pipe => pipe.Capacity)];
        ReturnAll(pipes);
        Assert.False(isRefused);
        Assert.InRange(sizes.Sum(), Share / 4, Share / 2);
        Assert.InRange(sizes.Min(), SplicePipeShare.Least, Large);
        Assert.Contains(Largest, sizes);
        Assert.InRange(sizes.Count(static size => size >= Large), 32, sizes.Length);
    }

    [Fact]
    public void TryRent_ManyHaveGone_IsALargeOneAgain()
    {
        List<SplicePipe> pipes = RentAll(out _);

        // Those that were made last are returned first.
        pipes.Reverse();
        ReturnAll(pipes);

        SplicePipe? next = SplicePipe.TryRent(out _);
        Assert.Equal(Largest, next?.Capacity);
        next?.Return();
    }

    [SkippableFact]
    public async Task TryRent_TheUsersShareIsUsedUp_IsRefusedUntilThereIsRoom()
    {
        (bool hasPipe, bool isRefused, bool hasPipeAfterwards) = await OtherUser.RunAsync(static () =>
        {
            // What is kept from before may be another user's.
            List<SplicePipe> kept = Rent(20);
            List<DescriptorHandle> others = UseUp();
            SplicePipe? none = SplicePipe.TryRent(out bool refused);
            others.ForEach(static end => end.Dispose());
            SplicePipe? some = SplicePipe.TryRent(out _);
            none?.Return();
            some?.Return();
            ReturnAll(kept);
            return (none is not null, refused, some is not null);
        });

        Assert.Equal((false, true, true), (hasPipe, isRefused, hasPipeAfterwards));
    }

    private static List<SplicePipe> RentAll(out bool isRefused) => Rent(int.MaxValue, out isRefused);

    private static List<SplicePipe> Rent(int most) => Rent(most, out _);

    private static List<SplicePipe> Rent(int most, out bool isRefused)
    {
        var pipes = new List<SplicePipe>();
        isRefused = false;
        while (pipes.Count < most && SplicePipe.TryRent(out isRefused) is { } pipe)
            pipes.Add(pipe);
        return pipes;
    }

    private static void ReturnAll(IEnumerable<SplicePipe> pipes)
    {
        foreach (SplicePipe pipe in pipes)
            pipe.Return();
    }

    /// <summary>Makes pipes until a new one is small.</summary>
    private static unsafe List<DescriptorHandle> UseUp()
    {
        var ends = new List<DescriptorHandle>();
        int* pair = stackalloc int[2];
        while (true)
        {
            Assert.Equal(0, Libc.Pipe2(pair, Libc.O_CLOEXEC));
            ends.Add(new DescriptorHandle(pair[0]));
            ends.Add(new DescriptorHandle(pair[1]));
            if (PipeSize.Enlarge(ends[^1]) < SplicePipeShare.Least)
                return ends;
        }
    }
}
