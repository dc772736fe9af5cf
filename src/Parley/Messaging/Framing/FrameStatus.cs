namespace Parley;

/// <summary>What the bytes at the beginning of a stream are.</summary>
internal enum FrameStatus
{
    /// <summary>Part of a frame, or nothing.</summary>
    Incomplete,

    /// <summary>A whole frame, and perhaps more.</summary>
    Whole,

    /// <summary>The beginning of a frame that is longer than allowed.</summary>
    TooLarge,
}
