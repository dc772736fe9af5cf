namespace Cloudtoid;

/// <summary>The checks that Cloudtoid.Interprocess makes when a queue is opened; none while messages move.</summary>
internal static class Contract
{
    internal static T CheckValue<T>(T value, string name)
        where T : class
        => value ?? throw new ArgumentNullException(name);

    internal static string CheckNonEmpty(string value, string name)
        => value.Length > 0 ? value : throw new ArgumentException("empty", name);

    internal static long CheckGreaterThan(long value, long bound, string name)
        => value > bound ? value : throw new ArgumentOutOfRangeException(name);

    internal static void CheckParam(bool condition, string name, string message)
    {
        if (!condition)
            throw new ArgumentException(message, name);
    }
}

internal static class PathUtil
{
    internal static bool TryDeleteFile(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
