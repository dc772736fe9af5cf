using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>The system gives no memory, no descriptor or no mapping; whoever knows the endpoint makes a <see cref="ConnectionException"/> of it.</summary>
internal sealed class MappingException(int errorNumber) : IOException(Errno.Describe(errorNumber))
{
    internal int ErrorNumber { get; } = errorNumber;
}
