using System.Runtime.Versioning;

// Sockets by descriptor, file modes, network namespaces: the library's transports are tested on Linux.
[assembly: SupportedOSPlatform("linux")]
