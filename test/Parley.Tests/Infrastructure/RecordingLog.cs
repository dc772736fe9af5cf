using Microsoft.Extensions.Logging;

namespace Parley.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class RecordingLog : ILoggerFactory
{
    public List<(string Category, LogLevel Level, EventId Id, string Text)> Entries { get; } = [];

    /// <summary>Whether a line with that text has been logged; safe while others log.</summary>
    public bool Has(string text)
    {
        lock (Entries)
            return Entries.Exists(entry => entry.Text.Contains(text, StringComparison.Ordinal));
    }

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, Entries);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class Logger(string category, List<(string, LogLevel, EventId, string)> entries) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (entries)
                entries.Add((category, logLevel, eventId, formatter(state, exception)));
        }
    }
}
