using Parley.Interop.Linux;

namespace Parley.Transports.SharedMemory;

/// <summary>Lists the names in this user's own directory.</summary>
internal static class SharedMemoryList
{
    /// <param name="isServed">Whether somebody listens on a socket, found out so that they take nobody for a client.</param>
    internal static NamedObjectList OfThisUser(Func<string, bool> isServed)
    {
        string directory = PrivateDirectory.Path;
        try
        {
            PrivateDirectory.Open(makes: false, Step.Open, new SharedMemoryEndPoint(directory));
            var found = new List<NamedObjectStatus>();
            foreach (string path in Directory.GetFiles(directory, $"*{SocketPlace.Suffix}").Order(StringComparer.Ordinal))
            {
                string name = Path.GetFileNameWithoutExtension(path);

                // One that is gone meanwhile is none, and neither is what nobody can have made through this.
                if (!ParleyEndPoint.TryParse($"{Schemes.SharedMemory}:{name}", out System.Net.EndPoint? endPoint) || FileStatus.OfPath(path, out StatxResult file) != 0 || !file.IsSocket)
                    continue;
                found.Add(SharedMemoryObject.Describe((SharedMemoryEndPoint)endPoint, file) with { IsServed = isServed(path) });
            }

            return new NamedObjectList { Objects = found, Unlisted = [] };
        }
        catch (ConnectionException failure) when (failure.Reason == Reason.NotFound)
        {
            return new NamedObjectList { Objects = [], Unlisted = [] };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string why = failure is ConnectionException { Cause: var cause } ? cause : $"{directory} cannot be read: {failure.Message}";
            return new NamedObjectList { Objects = [], Unlisted = [$"names in shared memory cannot be listed, for {why}"] };
        }
    }
}
