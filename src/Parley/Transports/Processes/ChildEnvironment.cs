using System.Collections;

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
                all.Add($"{name}={variable.Value}");
        }

        if (program.Environment is not null)
            all.AddRange(program.Environment.Where(static variable => variable.Value is not null).Select(static variable => $"{variable.Key}={variable.Value}"));
        return all;
    }
}
