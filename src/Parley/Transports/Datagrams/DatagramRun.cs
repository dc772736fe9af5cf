namespace Parley.Transports.Datagrams;

/// <summary>Datagrams that lie one behind the other and go to the kernel together: all of one size, but for the last, which may be shorter.</summary>
internal struct DatagramRun
{
    internal int Start;
    internal int Size;
    internal int Count;
    internal int Length;

    /// <summary>Copies messages one behind the other, and says which go together.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="scratch">Where they go, as many as fit in.</param>
    /// <param name="runs">As many as there may be.</param>
    /// <param name="largestMessage">At a longer one it stops.</param>
    /// <param name="largestTogether">A longer one goes alone.</param>
    /// <returns>How many runs there are.</returns>
    internal static int Gather(
        ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<byte> scratch, Span<DatagramRun> runs, int largestMessage, int largestTogether)
    {
        int count = 0;
        int used = 0;
        foreach (ReadOnlyMemory<byte> message in messages)
        {
            int length = message.Length;
            if (length > largestMessage || used + length > scratch.Length)
                break;
            if (count > 0 && runs[count - 1].MayHave(length, largestTogether))
            {
                runs[count - 1].Count++;
                runs[count - 1].Length += length;
            }
            else if (count < runs.Length)
            {
                runs[count++] = new DatagramRun { Start = used, Size = length, Count = 1, Length = length };
            }
            else
            {
                break;
            }

            message.Span.CopyTo(scratch[used..]);
            used += length;
        }

        return count;
    }

    // An empty one ends nothing and is no segment: it goes alone. All together are no longer than one datagram may be.
    private readonly bool MayHave(int length, int largestTogether)
        => length > 0 && length <= Size && Size <= largestTogether && Length == Count * Size && Count < Segmentation.MostTogether
            && Length + length <= DatagramChannel.LargestIPv4;
}
