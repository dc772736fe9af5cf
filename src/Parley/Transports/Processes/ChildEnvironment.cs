using System.Collections;
using System.Text;

namespace Parley.Transports.Processes;

/// <summary>The variables that a child starts with: this process's own, with the endpoint's changes.</summary>
internal static class ChildEnvironment
{
    internal static List<string> Of(ProcessEndPoint program)
    {
        IDictionary own = Environment.GetEnvironmentVariables();
        var all = new List<string>(own.Count);
        foreach (DictionaryEntry variable in own)
        {
            string name = (string)variable.Key;
            if (program.Environment?.ContainsKey(name) != true)
                all.Add(Undecoded($"{name}={variable.Value}"));
        }

        if (program.Environment is not null)
            all.AddRange(program.Environment.Where(static variable => variable.Value is not null).Select(static variable => $"{variable.Key}={variable.Value}"));
        return all;
    }

    // The runtime decodes variables, and what is no UTF-8 in them is lost by that. As long as one has not been changed since, the process's
    // start still knows its bytes.
    private static string Undecoded(string variable)
    {
        if (!variable.Contains('\uFFFD'))
            return variable;
        foreach (string original in AtStart.Value)
        {
            if (Encoding.UTF8.GetString(EscapedUtf8.Encode(original)) == variable)
                return original;
        }

        return variable;
    }

    private static readonly Lazy<string[]> AtStart = new(static () => EscapedUtf8.Decode(File.ReadAllBytes("/proc/self/environ")).Split('\0'));
}
