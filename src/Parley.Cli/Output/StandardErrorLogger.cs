using Microsoft.Extensions.Logging;

namespace Parley.Cli.Output;

/// <summary>The library's warnings as lines on standard error.</summary>
internal sealed class StandardErrorLogger : ILogger, ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

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
