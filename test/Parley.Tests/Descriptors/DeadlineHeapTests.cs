using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

public sealed class DeadlineHeapTests
{
    [Fact]
    public void Earliest_Empty_IsNever()
    {
        var heap = new DeadlineHeap();

        Assert.Equal(Deadline.Never, heap.Earliest);
        Assert.Null(heap.TakeDue(long.MaxValue - 1));
    }

    [Fact]
    public void TakeDue_SeveralDue_ComeInTheirOrder()
    {
        var heap = new DeadlineHeap();
        var all = new[] { 50L, 10, 40, 20, 30 }.Select(due => new Named { Due = due }).ToArray();
        foreach (Named one in all)
            heap.Arm(one);

        Assert.Equal([10L, 20, 30], TakeAll(heap, now: 30));
        Assert.Equal(40, heap.Earliest);
        Assert.Equal([40L, 50], TakeAll(heap, now: 100));
    }

    [Fact]
    public void TakeDue_MovedLater_ComesAtItsNewTime()
    {
        var heap = new DeadlineHeap();
        var one = new Named { Due = 10 };
        heap.Arm(one);

        one.Due = 20;

        Assert.Null(heap.TakeDue(10));
        Assert.Equal(20, heap.Earliest);
        Assert.Same(one, heap.TakeDue(20));
    }

    [Fact]
    public void Arm_MovedEarlier_ComesEarlier()
    {
        var heap = new DeadlineHeap();
        var one = new Named { Due = 20 };
        heap.Arm(one);

        one.Due = 10;
        heap.Arm(one);

        Assert.Equal(10, heap.Earliest);
        Assert.Same(one, heap.TakeDue(10));
        Assert.Equal(Deadline.Never, heap.Earliest);
    }

    [Fact]
    public void TakeDue_CalledOff_IsDropped()
    {
        var heap = new DeadlineHeap();
        var one = new Named { Due = 10 };
        heap.Arm(one);

        one.Due = Deadline.Never;

        Assert.Null(heap.TakeDue(10));
        Assert.Equal(-1, one.HeapIndex);
        Assert.Equal(Deadline.Never, heap.Earliest);
    }

    [Fact]
    public void Remove_NotInTheHeap_DoesNothing()
    {
        var heap = new DeadlineHeap();
        var one = new Named { Due = 10 };
        heap.Remove(one);
        heap.Arm(one);

        heap.Remove(one);
        heap.Remove(one);

        Assert.Equal(Deadline.Never, heap.Earliest);
    }

    /// <summary>Random operations, and after each one the heap knows what a plain sorted list knows.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnyOperations_Random_MatchASortedList(int seed)
    {
        var random = new Random(seed);
        var heap = new DeadlineHeap();
        Named[] all = [.. Enumerable.Range(0, 300).Select(_ => new Named())];
        var armed = new HashSet<Named>();
        long now = 0;

        for (int i = 0; i < 50_000; i++)
        {
            Named one = all[random.Next(all.Length)];
            switch (random.Next(8))
            {
                case 0 or 1 or 2:
                    one.Due = now + random.Next(1, 1000);
                    heap.Arm(one);
                    armed.Add(one);
                    break;
                case 3 when armed.Contains(one):
                    one.Due += random.Next(1, 1000);
                    break;
                case 4 when armed.Contains(one):
                    one.Due = Deadline.Never;
                    armed.Remove(one);
                    break;
                case 5:
                    heap.Remove(one);
                    armed.Remove(one);
                    break;
                default:
                    now += random.Next(20);
                    TakeBoth(heap, armed, now);
                    break;
            }

            long earliest = armed.Count == 0 ? Deadline.Never : armed.Min(other => other.Due);
            Assert.True(heap.Earliest <= earliest, "something would come too late");
        }

        TakeBoth(heap, armed, now + 10_000);
        while (armed.Count > 0)
            TakeBoth(heap, armed, now += 10_000);
        Assert.Equal(Deadline.Never, heap.Earliest);
        Assert.All(all, one => Assert.Equal(-1, one.HeapIndex));
    }

    // In no particular order: what was moved later is found when its old time comes up.
    private static void TakeBoth(DeadlineHeap heap, HashSet<Named> armed, long now)
    {
        var expected = armed.Where(one => one.Due <= now).ToHashSet();
        while (heap.TakeDue(now) is Named taken)
            Assert.True(expected.Remove(taken), "it was not due");
        Assert.Empty(expected);
        armed.RemoveWhere(one => one.Due <= now);
    }

    private static List<long> TakeAll(DeadlineHeap heap, long now)
    {
        var taken = new List<long>();
        while (heap.TakeDue(now) is Named one)
            taken.Add(one.Due);
        return taken;
    }

    private sealed class Named : Deadline
    {
        internal override void OnDue()
        {
        }
    }
}
