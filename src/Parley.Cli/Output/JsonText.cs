using System.Text.Encodings.Web;
using System.Text.Json;

namespace Parley.Cli.Output;

/// <summary>How JSON lines are written.</summary>
internal static class JsonText
{
    /// <summary>
    /// Leaves letters of every language, <c>+</c> and quotes of other kinds as they are, for these lines are no part of a web page.
    /// Control characters, those of U+0080 to U+009F included, stay escaped: a line may go to a terminal.
    /// </summary>
    internal static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    internal static JsonWriterOptions Options => new() { Encoder = Encoder };
}
