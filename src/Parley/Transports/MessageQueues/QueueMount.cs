namespace Parley.Transports.MessageQueues;

/// <summary>The file system that shows queues as files, where it is mounted: usually on /dev/mqueue.</summary>
internal static class QueueMount
{
    /// <returns>The folder, without a slash at its end; <see langword="null"/> where it is not mounted, or that cannot be known.</returns>
    internal static string? Find()
    {
        try
        {
            // device, folder, type, options; spaces in the folder as \040.
            foreach (string line in File.ReadLines("/proc/thread-self/mounts"))
            {
                string[] words = line.Split(' ');
                if (words.Length > 2 && words[2] == "mqueue")
                    return words[1].Replace("\\040", " ", StringComparison.Ordinal);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Without /proc it is as good as not mounted: the queues themselves are found by name.
        }

        return null;
    }
}
