namespace Parley;

/// <summary>The first frame of some bytes.</summary>
/// <param name="Status">Whether it is all there.</param>
/// <param name="Start">Of a whole one: where its message begins.</param>
/// <param name="Length">Of a whole one: how many bytes the message has. Of one that is too long: how many its header announces, 0 where it has none.</param>
/// <param name="End">Of a whole one: where the next frame begins.</param>
internal readonly record struct Frame(FrameStatus Status, int Start, long Length, int End);
