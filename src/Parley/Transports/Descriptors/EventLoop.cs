using System.ComponentModel;
using System.Diagnostics;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// One thread that waits for all descriptors and deadlines of the process with one <c>epoll</c>, and wakes whoever waits for them.
/// </summary>
internal sealed unsafe partial class EventLoop
{
    // How long something may wait for the loop to wake up for another reason.
    private static readonly long Soon = Stopwatch.Frequency * 2 / 1000;

    // Much that moves wakes the loop for more than what is waited for: for what arrives meanwhile, and for room that nobody needs.
    private static readonly long AfterBulk = Stopwatch.Frequency * 2 / 1000;

    private static readonly Lazy<EventLoop> Instance = new(() => new EventLoop());

    private readonly DescriptorHandle _epoll;
    private readonly LoopTimer _timer = new();
    private readonly EpollEvents _events = new(256);
    private readonly Lock _lock = new();
    private readonly DeadlineHeap _deadlines = new();
    private readonly Queue<Readiness> _nextRound = new();
    private readonly Queue<Readiness> _soon = new();
    private Descriptor?[] _watched = new Descriptor?[64];
    private int _threadId;
    private int _generation;
    private BriefPoll _briefPoll;
    private HandOver _handOver;
    private long _bulkUntil;
    private bool _hasExpired;
    private bool _isTimedForSoon;

    private EventLoop()
    {
        _epoll = Own(Libc.EpollCreate(Libc.EPOLL_CLOEXEC));
        // An edge at each expiry: it need not be read.
        if (Control(Libc.EPOLL_CTL_ADD, _timer.Handle.Number, generation: 0, Libc.EPOLLIN | Libc.EPOLLET) is var error and not 0)
            throw new Win32Exception(error);
        new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "Parley loop" }.UnsafeStart();
    }

    /// <summary>The process's loop; its thread starts with the first use and sleeps while nothing happens.</summary>
    internal static EventLoop Shared => Instance.Value;

    /// <summary>Counts how often it has woken up: what was asked for in an earlier turn has had time to happen.</summary>
    internal int Turn { get; private set; }

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

        int error = Control(Libc.EPOLL_CTL_ADD, number, descriptor.Generation, descriptor.Interest);
        if (error != 0)
            Unwatch(descriptor);
        return error;
    }

    /// <summary>Changes what is reported of a descriptor that is watched; does nothing once it is closed.</summary>
    internal void Change(Descriptor descriptor, uint interest)
    {
        if (ControlOpen(Libc.EPOLL_CTL_MOD, descriptor, interest) is var error and not 0)
            throw new Win32Exception(error);
    }

    /// <summary>Has nothing reported of a descriptor that is watched until it returns; does nothing once it is closed.</summary>
    /// <returns>Whether it was watched.</returns>
    internal bool TryLeave(Descriptor descriptor) => ControlOpen(Libc.EPOLL_CTL_DEL, descriptor, interest: 0) == 0;

    /// <summary>Has what is of interest reported again, and at once where it is so already.</summary>
    /// <returns>0, also where it is closed; the error number where a limit was met.</returns>
    internal int Return(Descriptor descriptor) => ControlOpen(Libc.EPOLL_CTL_ADD, descriptor, descriptor.Interest);

    private int ControlOpen(int operation, Descriptor descriptor, uint interest)
    {
        bool isHeld = false;
        try
        {
            descriptor.Handle.DangerousAddRef(ref isHeld);
            return Control(operation, descriptor.Handle.Number, descriptor.Generation, interest);
        }
        catch (ObjectDisposedException)
        {
            // There is nothing left to report.
            return 0;
        }
        finally
        {
            if (isHeld)
                descriptor.Handle.DangerousRelease();
        }
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
        lock (_lock)
        {
            _deadlines.Arm(deadline);
            _timer.ExpireBy(due);
        }
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
    internal void SignalSoon(Readiness readiness)
    {
        _soon.Enqueue(readiness);
        if (!_isTimedForSoon)
            ExpireSoon();
    }

    /// <summary>
    /// Much was moved at once: whoever fills or empties the other end needs the core more than the loop needs to be awake when it is done.
    /// </summary>
    internal void NoteBulk() => _bulkUntil = Stopwatch.GetTimestamp() + AfterBulk;

    /// <summary>So much is at a peer's, who may be waiting for this core.</summary>
    internal void NoteHandedOver(int bytes) => _handOver.Note(bytes);

    private void Run()
    {
        _threadId = Environment.CurrentManagedThreadId;
        while (true)
        {
            bool mayWait = _nextRound.Count == 0;
            bool hasCome = false;

            // Those who have something to do in every round must not keep those who wait for memory from being looked at.
            if (!mayWait)
                LookAtMemory();
            int count = mayWait && !IsAfterBulk() && _briefPoll.IsDue() ? PollBriefly(out hasCome) : 0;
            if (hasCome && ++_turnsInMemory < TurnsInMemory)
                continue;
            _turnsInMemory = 0;
            if (count == 0)
                count = mayWait && !hasCome && MaySleep() ? Sleep() : Wait(milliseconds: 0);

            Turn++;
            int soon = _soon.Count;
            for (int i = 0; i < count; i++)
                Dispatch(_events.Descriptor(i), _events.Generation(i), _events.Mask(i));
            SignalAll(_soon, soon);
            SignalAll(_nextRound, _nextRound.Count);
            if (_hasExpired)
                FireDeadlines();
        }
    }

    private int PollBriefly(out bool hasCome)
    {
        // What is there already says nothing about how long it takes to come.
        hasCome = LookAtMemory();
        int count = hasCome ? 0 : Wait(milliseconds: 0);
        if (hasCome || count > 0)
            return count;
        long end = Stopwatch.GetTimestamp() + _briefPoll.Within(BriefPoll.Length);
        do
        {
            hasCome = LookAtMemoryForAWhile();
            count = hasCome ? 0 : Wait(milliseconds: 0);
        }
        while (!hasCome && count == 0 && Stopwatch.GetTimestamp() < end);
        if (hasCome || count > 0)
            _briefPoll.Found();
        else
            _briefPoll.FoundNothing();
        return count;
    }

    private int Sleep()
    {
        long began = Stopwatch.GetTimestamp();
        int count = Wait(milliseconds: -1);
        if (Stopwatch.GetTimestamp() - began < BriefPoll.ShortSleep)
            _briefPoll.NoteShortSleep();
        return count;
    }

    private bool IsAfterBulk() => _bulkUntil != 0 && (Stopwatch.GetTimestamp() < _bulkUntil);

    private int Wait(int milliseconds)
    {
        int count = Libc.EpollWait(_epoll, _events.Pointer, _events.Capacity, milliseconds);
        if (count < 0 && Errno.Last != Errno.EINTR)
            throw new Win32Exception(Errno.Last);
        return Math.Max(0, count);
    }

    // Those that are added meanwhile have their turn in the next round.
    private static void SignalAll(Queue<Readiness> queue, int count)
    {
        for (; count > 0; count--)
            queue.Dequeue().Signal();
    }

    private void Dispatch(int number, int generation, uint mask)
    {
        if (number == _timer.Handle.Number)
        {
            _hasExpired = true;
            return;
        }

        // An event of a descriptor that was closed a moment ago may meet the next one of that number: it is not meant for that one.
        Descriptor?[] watched = Volatile.Read(ref _watched);
        if (number < watched.Length && Volatile.Read(ref watched[number]) is { } descriptor && descriptor.Generation == generation)
            descriptor.OnEvents(mask);
    }

    private void FireDeadlines()
    {
        _hasExpired = false;
        lock (_lock)
            _timer.NoteExpired();
        _isTimedForSoon = false;
        if (_soon.Count > 0)
            ExpireSoon();

        while (TakeDue() is { } due)
            due.OnDue();
    }

    private Deadline? TakeDue()
    {
        lock (_lock)
        {
            Deadline? due = _deadlines.TakeDue(Stopwatch.GetTimestamp());
            if (due is null)
                _timer.ExpireBy(_deadlines.Earliest);
            return due;
        }
    }

    private void ExpireSoon()
    {
        _isTimedForSoon = true;
        lock (_lock)
            _timer.ExpireBy(Stopwatch.GetTimestamp() + Soon);
    }

    private int Control(int operation, int number, int generation, uint interest)
    {
        byte* bytes = stackalloc byte[EpollEvents.MaxSize];
        EpollEvents.Write(bytes, interest, number, generation);
        return Libc.EpollCtl(_epoll, operation, number, bytes) < 0 ? Errno.Last : 0;
    }

    private static DescriptorHandle Own(DescriptorHandle handle)
        => handle.IsInvalid ? throw new Win32Exception(Errno.Last) : handle;
}
