using Microsoft.Extensions.Logging;

namespace Parley.Cli.Output;

/// <summary>What the library logs as lines on standard error: warnings, and with <c>-v</c> what it goes through without one.</summary>
internal sealed class StandardErrorLogger(bool verbose = false) : ILogger, ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (verbose ? LogLevel.Information : LogLevel.Warning);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            StandardError.WriteLine("parley: " + PlainText.OneLine(formatter(state, exception)));
    }

    public void Dispose()
    {
        // Standard error stays open for as long as the process.
    }
}
