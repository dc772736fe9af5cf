namespace Parley;

/// <summary>A text is no endpoint: says which part is wrong, and what was probably meant.</summary>
public sealed class EndPointFormatException : FormatException
{
    internal EndPointFormatException(string text, string problem, string? suggestion = null)
        : base($"wrong endpoint '{Redaction.Of(text, text)}': {Redaction.Of(text, problem)}")
    {
        Problem = Redaction.Of(text, problem);
        Suggestion = Redaction.IsNeeded(text) ? null : suggestion;
    }

    /// <summary>What is wrong, naming the part.</summary>
    public string Problem { get; }

    /// <summary>What was probably meant, as an endpoint; <see langword="null"/> where nothing comes near.</summary>
    public string? Suggestion { get; }
}
