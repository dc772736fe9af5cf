using System.Runtime.Versioning;

// Signals, uids, /proc, C programs: these faults are made on Linux.
[assembly: SupportedOSPlatform("linux")]
