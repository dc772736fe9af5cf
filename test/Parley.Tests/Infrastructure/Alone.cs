namespace Parley.Tests;

/// <summary>For tests that count what the whole process does: nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
