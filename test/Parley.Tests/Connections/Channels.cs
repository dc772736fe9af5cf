namespace Parley.Tests.Connections;

public sealed class Tcp4Tests() : ConnectionContract(ChannelKind.Tcp4);

public sealed class Tcp4InlineTests() : ConnectionContract(ChannelKind.Tcp4, inline: true);

public sealed class Tcp6Tests() : ConnectionContract(ChannelKind.Tcp6);

public sealed class Tcp6InlineTests() : ConnectionContract(ChannelKind.Tcp6, inline: true);

public sealed class UnixPathTests() : ConnectionContract(ChannelKind.UnixPath);

public sealed class UnixPathInlineTests() : ConnectionContract(ChannelKind.UnixPath, inline: true);

public sealed class UnixAbstractTests() : ConnectionContract(ChannelKind.UnixAbstract);

public sealed class UnixAbstractInlineTests() : ConnectionContract(ChannelKind.UnixAbstract, inline: true);

public sealed class FifoPairTests() : ConnectionContract(ChannelKind.FifoPair);

public sealed class FifoPairInlineTests() : ConnectionContract(ChannelKind.FifoPair, inline: true);

public sealed class NamedPipeTests() : ConnectionContract(ChannelKind.NamedPipe);

public sealed class NamedPipeInlineTests() : ConnectionContract(ChannelKind.NamedPipe, inline: true);

public sealed class SharedMemoryTests() : ConnectionContract(ChannelKind.SharedMemory);

public sealed class SharedMemoryInlineTests() : ConnectionContract(ChannelKind.SharedMemory, inline: true);

public sealed class TlsTests() : ConnectionContract(ChannelKind.Tls);

public sealed class TlsInlineTests() : ConnectionContract(ChannelKind.Tls, inline: true);

/// <summary>A rate that holds nobody up for long, and a bucket smaller than what many of the tests move.</summary>
public sealed class PacedTests() : ConnectionContract(ChannelKind.Tcp4, rateLimit: 64 * 1024 * 1024);

public sealed class MemoryTests() : ConnectionContract(ChannelKind.Memory);
