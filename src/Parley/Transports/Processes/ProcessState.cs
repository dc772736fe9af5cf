using System.Globalization;
using System.Text;

namespace Parley.Transports.Processes;

/// <summary>What /proc says of a process.</summary>
internal static class ProcessState
{
    private const uint Exiting = 0x4; // PF_EXITING

    // Behind the name in parentheses: state, parent, group, session, terminal, its group, flags.
    private const int FlagsField = 6;

    /// <summary>
    /// Whether a process is past the point of no return: its streams are closed a moment before it can be waited for. True where /proc
    /// does not tell.
    /// </summary>
    internal static bool IsExiting(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"), Encoding.Latin1);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return true;
        }

        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields.Length <= FlagsField
            || !uint.TryParse(fields[FlagsField], NumberStyles.None, CultureInfo.InvariantCulture, out uint flags)
            || (flags & Exiting) != 0;
    }
}
