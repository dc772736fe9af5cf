using System.Runtime.InteropServices;

namespace Parley.Transports.Processes;

/// <summary>Strings as <c>exec</c> takes arguments and the environment: pointers to bytes closed by a NUL, and a null pointer behind the last.</summary>
internal sealed unsafe class StringTable : IDisposable
{
    private readonly void* _memory;

    internal StringTable(IReadOnlyCollection<string> strings)
    {
        byte[][] encoded = [.. strings.Select(EscapedUtf8.Encode)];
        nuint size = ((nuint)strings.Count + 1) * (nuint)sizeof(byte*);
        foreach (byte[] text in encoded)
            size = checked(size + (nuint)text.Length + 1);

        _memory = NativeMemory.Alloc(size);
        byte** next = Pointer;
        byte* bytes = (byte*)(Pointer + strings.Count + 1);
        foreach (byte[] text in encoded)
        {
            *next++ = bytes;
            text.CopyTo(new Span<byte>(bytes, text.Length));
            bytes += text.Length;
            *bytes++ = 0;
        }

        *next = null;
    }

    internal byte** Pointer => (byte**)_memory;

    public void Dispose() => NativeMemory.Free(_memory);
}
