using Microsoft.Extensions.Logging;

namespace Parley;

/// <summary>What spools log. Event ids are stable: 200 to 299.</summary>
internal static partial class SpoolLog
{
    [LoggerMessage(200, LogLevel.Error, "Slot {Slot} of the spool {Path} holds a message that is damaged: {Cause}. It stays there and is not delivered.")]
    internal static partial void Corrupt(ILogger logger, int slot, string path, string cause);

    [LoggerMessage(201, LogLevel.Warning, "Slot {Slot} of the spool {Path} holds a message of {Length} bytes whose taking was interrupted: it is delivered.")]
    internal static partial void Recovered(ILogger logger, int slot, string path, int length);
}
