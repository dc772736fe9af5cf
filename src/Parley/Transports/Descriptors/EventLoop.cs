using System.ComponentModel;
using System.Diagnostics;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// One thread that waits for all descriptors and deadlines of the process with one <c>epoll</c>, and wakes whoever waits for them.
/// </summary>
internal sealed unsafe class EventLoop
{
    // How long something may wait for the loop to wake up for another reason.
    private const int SoonMilliseconds = 2;

    private const uint Interest = Libc.EPOLLIN | Libc.EPOLLPRI | Libc.EPOLLOUT | Libc.EPOLLRDHUP | Libc.EPOLLET;

    private static readonly Lazy<EventLoop> Instance = new(() => new EventLoop());

    private readonly DescriptorHandle _epoll;
    private readonly DescriptorHandle _wake;
    private readonly EpollEvents _events = new(256);
    private readonly Lock _lock = new();
    private readonly DeadlineHeap _deadlines = new();
    private readonly Queue<Readiness> _nextRound = new();
    private readonly Queue<Readiness> _soon = new();
    private Descriptor?[] _watched = new Descriptor?[64];
    private long _sleepsUntil = Deadline.Never;
    private int _threadId;
    private int _generation;

    private EventLoop()
    {
        _epoll = Own(Libc.EpollCreate(Libc.EPOLL_CLOEXEC));
        _wake = Own(Libc.EventFd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK));
        if (Add(_wake.Number, generation: 0) is var error and not 0)
            throw new Win32Exception(error);
        new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "Parley loop" }.UnsafeStart();
    }

    /// <summary>The process's loop; its thread starts with the first use and sleeps while nothing happens.</summary>
    internal static EventLoop Shared => Instance.Value;

    /// <summary>Whether the caller runs on the loop's own thread, where nothing may block.</summary>
    internal bool IsCurrent => Environment.CurrentManagedThreadId == _threadId;

    /// <summary>Watches a descriptor until it is closed.</summary>
    /// <returns>0; EPERM where the kernel does not watch such a thing (a regular file); another error number where a limit was met.</returns>
    internal int Watch(Descriptor descriptor)
    {
        int number = descriptor.Handle.Number;
        lock (_lock)
        {
            if (number >= _watched.Length)
                Array.Resize(ref _watched, Math.Max(number + 1, _watched.Length * 2));
            descriptor.Generation = ++_generation;
            _watched[number] = descriptor;
        }

        int error = Add(number, descriptor.Generation);
        if (error != 0)
            Unwatch(descriptor);
        return error;
    }

    /// <summary>Must come before the descriptor is closed: its number may be somebody else's right after.</summary>
    internal void Unwatch(Descriptor descriptor)
    {
        lock (_lock)
        {
            int number = descriptor.Handle.Number;
            if (number < _watched.Length && _watched[number] == descriptor)
                _watched[number] = null;
        }
    }

    /// <summary>Sets a deadline, or moves it.</summary>
    internal void ArmAt(Deadline deadline, long due)
    {
        deadline.Due = due;
        bool wake;
        lock (_lock)
        {
            _deadlines.Arm(deadline);
            wake = due < _sleepsUntil;
            if (wake)
                _sleepsUntil = due;
        }

        if (wake && !IsCurrent)
            Wake();
    }

    /// <summary>Calls a deadline off for good and lets go of it.</summary>
    internal void Disarm(Deadline deadline)
    {
        deadline.Due = Deadline.Never;
        if (deadline.HeapIndex < 0)
            return;
        lock (_lock)
            _deadlines.Remove(deadline);
    }

    /// <summary>Signals after the descriptors that are ready now have had their turn. On the loop's thread only.</summary>
    internal void SignalInNextRound(Readiness readiness) => _nextRound.Enqueue(readiness);

    /// <summary>Signals the next time that the loop wakes up, for whatever reason, and within 2 ms at the latest. On the loop's thread only.</summary>
    internal void SignalSoon(Readiness readiness) => _soon.Enqueue(readiness);

    private void Run()
    {
        _threadId = Environment.CurrentManagedThreadId;
        while (true)
        {
            int count = Libc.EpollWait(_epoll, _events.Pointer, _events.Capacity, SleepMilliseconds());
            if (count < 0)
            {
                if (Errno.Last == Errno.EINTR)
                    continue;
                throw new Win32Exception(Errno.Last);
            }

            int soon = _soon.Count;
            for (int i = 0; i < count; i++)
                Dispatch(_events.Descriptor(i), _events.Generation(i), _events.Mask(i));
            SignalAll(_soon, soon);
            SignalAll(_nextRound, _nextRound.Count);
            FireDeadlines();
        }
    }

    // Those that are added meanwhile have their turn in the next round.
    private static void SignalAll(Queue<Readiness> queue, int count)
    {
        for (; count > 0; count--)
            queue.Dequeue().Signal();
    }

    private int SleepMilliseconds()
    {
        if (_nextRound.Count > 0)
            return 0;
        int longest = _soon.Count > 0 ? SoonMilliseconds : int.MaxValue;

        lock (_lock)
        {
            long due = _deadlines.Earliest;
            _sleepsUntil = due;
            if (due == Deadline.Never)
                return longest == int.MaxValue ? -1 : longest;
            double left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due).TotalMilliseconds;
            return (int)Math.Clamp(Math.Ceiling(left), 0, longest);
        }
    }

    private void Dispatch(int number, int generation, uint mask)
    {
        if (number == _wake.Number)
        {
            ulong drained;
            if (Libc.Read(_wake, (byte*)&drained, sizeof(ulong)) < 0 && Errno.Last != Errno.EAGAIN)
                throw new Win32Exception(Errno.Last);
            return;
        }

        // An event of a descriptor that was closed a moment ago may meet the next one of that number: it is not meant for that one.
        Descriptor?[] watched = Volatile.Read(ref _watched);
        if (number < watched.Length && Volatile.Read(ref watched[number]) is { } descriptor && descriptor.Generation == generation)
            descriptor.OnEvents(mask);
    }

    private void FireDeadlines()
    {
        while (true)
        {
            Deadline? due;
            lock (_lock)
            {
                if (_deadlines.Earliest == Deadline.Never)
                    return;
                due = _deadlines.TakeDue(Stopwatch.GetTimestamp());
            }

            if (due is null)
                return;
            due.OnDue();
        }
    }

    private int Add(int number, int generation)
    {
        byte* interest = stackalloc byte[EpollEvents.MaxSize];
        EpollEvents.Write(interest, number == _wake.Number ? Libc.EPOLLIN : Interest, number, generation);
        return Libc.EpollCtl(_epoll, Libc.EPOLL_CTL_ADD, number, interest) < 0 ? Errno.Last : 0;
    }

    private void Wake()
    {
        ulong one = 1;
        if (Libc.Write(_wake, (byte*)&one, sizeof(ulong)) < 0 && Errno.Last != Errno.EAGAIN)
            throw new Win32Exception(Errno.Last);
    }

    private static DescriptorHandle Own(DescriptorHandle handle)
        => handle.IsInvalid ? throw new Win32Exception(Errno.Last) : handle;
}
