using System.Runtime.InteropServices;

namespace Parley.Transports.SharedMemory;

/// <summary>Keeps what is before it and what is behind it in different pairs of cache lines.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct LinePair;
