using System.Buffers;

namespace Parley.Tests.Messaging.Framing;

/// <summary>Gives inputs to the parser, piece by piece, and compares what it finds.</summary>
internal sealed class FuzzRun(MessageFraming framing)
{
    private const int MaxSegments = 8;

    private readonly NaiveParser _right = new(framing);
    private readonly Mutation _mutation = new(FuzzSeeds.Of(framing));
    private readonly Segments _segments = new(MaxSegments);
    private readonly bool[] _outcomes = new bool[3];
    private int _max;

    /// <summary>Whether messages, torn frames and frames that are too large were all met.</summary>
    public bool SawEveryOutcome => !_outcomes.Contains(false);

    public string Describe() => $"{framing}, at most {_max} bytes: {Convert.ToHexString(_mutation.Bytes)}";

    public void One(Dice dice)
    {
        _mutation.Make(ref dice);
        _max = FuzzSeeds.Limits[dice.Below(FuzzSeeds.Limits.Length)];
        ReadOnlySpan<byte> input = _mutation.Bytes;
        _right.Parse(input, _max);
        var format = new FrameFormat(framing, _max);
        int taken = 0;
        int came = 0;
        int messages = 0;
        int searched = 0;
        bool isTooLarge = false;
        while (!isTooLarge)
        {
            ReadOnlySequence<byte> bytes = _segments.Make(_mutation.Memory[taken..came], ref dice);
            Frame frame = format.Find(bytes, ref searched);
            Require(searched <= came - taken, "it has searched more than there is");
            switch (frame.Status)
            {
                case FrameStatus.Whole:
                    Require(messages < _right.Messages.Count, "a message too many");
                    (int start, int length) = _right.Messages[messages++];
                    Require(taken + frame.Start == start && frame.Length == length, "another message");
                    Require(bytes.Slice(frame.Start, frame.Length).ToArray().AsSpan().SequenceEqual(input.Slice(start, length)), "other bytes");
                    taken += frame.End;
                    searched = 0;
                    Require(taken <= came, "it has taken more than there is");
                    _outcomes[0] = true;
                    continue;
                case FrameStatus.TooLarge:
                    isTooLarge = true;
                    continue;
            }

            Require(came - taken <= _max + format.Overhead, "it waits for more than a frame may have");
            if (came == input.Length)
                break;
            came += 1 + dice.Below(dice.IsOneIn(4) ? input.Length - came : Math.Min(4, input.Length - came));
        }

        Require(messages == _right.Messages.Count, "a message too few");
        Require(isTooLarge == _right.IsTooLarge, "they do not agree on what is too large");
        Require(isTooLarge || input.Length - taken == _right.Rest, "they do not agree on what is left");
        _outcomes[1] |= isTooLarge;
        _outcomes[2] |= !isTooLarge && taken < input.Length;
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
            throw new InvalidOperationException(what);
    }
}
