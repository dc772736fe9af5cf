namespace Parley.Tests.Messaging.Framing;

/// <summary>Parses byte by byte what is all there, as one would write it down from the definition.</summary>
internal sealed class NaiveParser(MessageFraming framing)
{
    public List<(int Start, int Length)> Messages { get; } = [];

    public bool IsTooLarge { get; private set; }

    /// <summary>Bytes of a frame that is not whole.</summary>
    public int Rest { get; private set; }

    public void Parse(ReadOnlySpan<byte> input, int max)
    {
        Messages.Clear();
        IsTooLarge = false;
        Rest = 0;
        if (framing == MessageFraming.Len32)
            ParseLengths(input, max);
        else
            ParseDelimiters(input, framing == MessageFraming.Line ? (byte)10 : (byte)0, max);
    }

    private void ParseDelimiters(ReadOnlySpan<byte> input, byte delimiter, int max)
    {
        int start = 0;
        for (int i = 0; i < input.Length; i++)
        {
            if (input[i] == delimiter)
            {
                Messages.Add((start, i - start));
                start = i + 1;
            }
            else if (i - start == max)
            {
                IsTooLarge = true;
                return;
            }
        }

        Rest = input.Length - start;
    }

    private void ParseLengths(ReadOnlySpan<byte> input, int max)
    {
        int at = 0;
        while (input.Length - at >= 4)
        {
            long length = ((long)input[at] << 24) + (input[at + 1] << 16) + (input[at + 2] << 8) + input[at + 3];
            if (length > max)
            {
                IsTooLarge = true;
                return;
            }

            if (input.Length - at - 4 < length)
                break;
            Messages.Add((at + 4, (int)length));
            at += 4 + (int)length;
        }

        Rest = input.Length - at;
    }
}
