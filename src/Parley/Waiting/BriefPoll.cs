using System.Diagnostics;

namespace Parley;

/// <summary>
/// Whether to look for events a short while before going to sleep. Waking a sleeper takes longer than a peer that is awake takes to
/// answer, so small talk goes twice as fast; looking in vain only takes the core from others.
/// </summary>
/// <remarks>
/// Threads may share it: what they count differently only makes a look more or less. Looks that found nothing make the next ones rarer, down to one in 1024 sleeps; those that found something, more frequent again.
/// </remarks>
internal struct BriefPoll
{
    private const int RarestPause = 1024;
    private const int ShortPause = RarestPause / 8;

    /// <summary>How long a look takes at most: what a client takes to be woken on another core and to come back, with room to spare.</summary>
    internal static readonly long Length = Stopwatch.Frequency * 120 / 1_000_000;

    /// <summary>A sleep that is shorter is no more than two sides that wake each other.</summary>
    internal static readonly long ShortSleep = 2 * Length;

    // Of the looks that are as rare as they get, one in so many is a whole one.
    private const int WholeLook = 8;

    private int _pause;
    private int _sleepsLeft;
    private int _rareLooks;

    /// <summary>Asked before each sleep.</summary>
    internal bool IsDue()
    {
        if (_sleepsLeft <= 0)
            return true;
        _sleepsLeft--;
        return false;
    }

    /// <summary>
    /// How long this look is to take. On one core it takes the peer's time, and where it is never worth it a thousandth of that is a tenth of
    /// what a sleep costs: so most of the rare ones are short, in which an answer that is worth looking for comes as well.
    /// </summary>
    /// <param name="whole">How long at most.</param>
    internal readonly long Within(long whole) => _rareLooks % WholeLook == 0 ? whole : whole / WholeLook;

    internal void Found()
    {
        _rareLooks = 0;
        _sleepsLeft = _pause /= 8;
    }

    /// <summary>The look was in vain.</summary>
    /// <param name="rarest">How many sleeps go without a look at most.</param>
    internal void FoundNothing(int rarest = RarestPause)
    {
        _rareLooks = _pause >= rarest ? _rareLooks + 1 : 0;
        _pause = Math.Min(rarest, Math.Max(1, _pause * 2));
        _sleepsLeft = _pause;
    }

    /// <summary>
    /// A sleep without a look was over so soon that both sides may have slept for nothing but each other: what was in vain before may pay by now.
    /// The longest pause is cut short; not to none, for on one core, or with a peer that comes every 200 µs, every look fails. The look after it is
    /// none of the rare ones: it is a whole one.
    /// </summary>
    internal void NoteShortSleep()
    {
        if (_pause < RarestPause)
            return;
        _sleepsLeft = _pause = ShortPause;
        _rareLooks = 0;
    }
}
