namespace Parley.Transports.SharedMemory;

/// <summary>Where everything is, as docs/shared-memory-protocol.md has it.</summary>
internal static class SharedLayout
{
    internal const int Version = 1;
    internal const int HelloSize = 64;
    internal const int WelcomeSize = 64;
    internal const int ReadySize = 16;

    internal const int ControlBlocks = 1024;
    internal const int ControlBlockSize = 1024;

    /// <summary>Where the server puts the first ring: a multiple of every page size that there is.</summary>
    internal const int FirstRing = 65536;

    internal const int SmallestCapacity = 4096;
    internal const int LargestCapacity = 1 << 30;

    /// <summary>
    /// More than a core's own cache holds. In a ring of less, the lines that the writer is about to fill are still in the reader's, and it is three times
    /// as slow to take them from there as from the cache that both share.
    /// </summary>
    internal const int DefaultCapacity = 2 << 20;

    /// <summary>Messages that are answered go faster where the lines of the ring stay in a core's own cache.</summary>
    internal const int DefaultMessageCapacity = 1 << 20;

    internal const int Tail = 0;
    internal const int Head = 128;
    internal const int WriterState = 256;
    internal const int ReaderState = 384;
    internal const int ReaderSleep = 512;
    internal const int WriterSleep = 640;
    internal const int ReaderSleeps = 768;
    internal const int ReaderWakes = 776;
    internal const int Taken = 784;
    internal const int WriterSleeps = 896;
    internal const int WriterWakes = 904;

    internal const uint Open = 0;
    internal const uint Closed = 1;
    internal const uint Aborted = 2;

    internal const uint SleepsInFutex = 1;
    internal const uint SleepsOnSocket = 2;

    internal const int RecordAlignment = 64;
    internal const int HeaderSize = 8;

    /// <summary>The longest message that has one line of the cache together with its header.</summary>
    internal const int LongestInALine = RecordAlignment - HeaderSize;

    /// <summary>The longest message of a ring.</summary>
    internal static int LongestMessage(int capacity) => (capacity / 2) - HeaderSize;

    /// <summary>What a message takes of its ring.</summary>
    internal static int RecordSize(int length) => (length + HeaderSize + RecordAlignment - 1) & -RecordAlignment;
}
