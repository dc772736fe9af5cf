using System.Net;
using System.Text;

namespace Parley.Transports.Tls;

/// <summary>What a failure of the engine means, in plain words.</summary>
internal static class TlsFailure
{
    private const string EngineAlert = "TLS alert: '";
    private const string LibraryAlert = " alert ";
    private const string Library = "::";

    // The kinds of record that TLS has, in the order of their numbers.
    private const byte FirstKind = 20;
    private const byte LastKind = 23;

    internal static ConnectionException CutShort(EndPoint? endPoint, Exception? inner = null) => new(
        Step.Read, Reason.Reset, endPoint, "the peer ended the connection without the goodbye of TLS (close_notify): what it said may be cut short", inner: inner);

    internal static ConnectionException Refused(EndPoint? endPoint, Exception? inner = null) => new(
        Step.Handshake, Reason.Untrusted, endPoint, "the server asked for a certificate, and ended the connection without a word: it does not trust this client", inner: inner);

    /// <summary>Whether what came first is no record of TLS.</summary>
    internal static bool IsForeign(ReadOnlySpan<byte> opening) => !opening.IsEmpty && opening[0] is < FirstKind or > LastKind;

    internal static ConnectionException Explain(Exception failure, RecordStream records, Step step, EndPoint? endPoint)
    {
        if (Alert(failure) is { } alert)
            return new ConnectionException(Step.Handshake, Reason.Untrusted, endPoint, $"the peer refused: {alert}", inner: failure);
        if (Foreign(records.Opening) is { } foreign)
            return new ConnectionException(step, Reason.Untrusted, endPoint, $"it speaks no TLS: it began with {foreign}", inner: failure);
        if (records.HasEnded && step == Step.Handshake)
            return new ConnectionException(step, Reason.Reset, endPoint, "the peer ended the connection during the handshake", inner: failure);
        if (records.HasEnded)
            return CutShort(endPoint, failure);
        return new ConnectionException(step, step == Step.Handshake ? Reason.Untrusted : Reason.Corrupt, endPoint, $"TLS failed: {Innermost(failure)}", inner: failure);
    }

    /// <summary>What the peer refused this side for, where it said so.</summary>
    private static string? Alert(Exception failure)
    {
        for (Exception? one = failure; one is not null; one = one.InnerException)
        {
            if (one.Message.IndexOf(EngineAlert, StringComparison.Ordinal) is var at and >= 0)
                return Words(one.Message[(at + EngineAlert.Length)..].Split('\'')[0]);
            if (one.Message.LastIndexOf(LibraryAlert, StringComparison.Ordinal) is var behind and >= 0 && one.Message.Contains(Library, StringComparison.Ordinal))
                return one.Message[(behind + LibraryAlert.Length)..];
        }

        return null;
    }

    // UnknownCA, as the engine writes it.
    private static string Words(string name)
    {
        var words = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            bool begins = i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]);
            if (begins)
                words.Append(' ');
            words.Append(char.ToLowerInvariant(name[i]));
        }

        return words.ToString();
    }

    private static string? Foreign(ReadOnlySpan<byte> opening)
    {
        if (!IsForeign(opening))
            return null;
        return $"\"{string.Create(opening.Length, opening.ToArray(), static (text, bytes) => Print(text, bytes))}\"";
    }

    private static void Print(Span<char> text, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
            text[i] = bytes[i] is >= 0x20 and < 0x7F ? (char)bytes[i] : '.';
    }

    private static string Innermost(Exception failure)
    {
        while (failure.InnerException is { } inner)
            failure = inner;
        string message = failure.Message.TrimEnd('.');
        return message.LastIndexOf(Library, StringComparison.Ordinal) is var at and >= 0 ? message[(at + Library.Length)..] : message;
    }
}
