using System.Runtime.InteropServices;
using System.Text;

namespace Parley.Transports.Processes;

/// <summary>Strings as <c>exec</c> takes arguments and the environment: pointers to UTF-8 closed by a NUL, and a null pointer behind the last.</summary>
internal sealed unsafe class StringTable : IDisposable
{
    private readonly void* _memory;

    internal StringTable(IReadOnlyCollection<string> strings)
    {
        nuint size = ((nuint)strings.Count + 1) * (nuint)sizeof(byte*);
        foreach (string text in strings)
            size = checked(size + (nuint)Encoding.UTF8.GetByteCount(text) + 1);

        _memory = NativeMemory.Alloc(size);
        byte** next = Pointer;
        byte* bytes = (byte*)(Pointer + strings.Count + 1);
        foreach (string text in strings)
        {
            *next++ = bytes;
            int room = Encoding.UTF8.GetByteCount(text);
            bytes += Encoding.UTF8.GetBytes(text, new Span<byte>(bytes, room));
            *bytes++ = 0;
        }

        *next = null;
    }

    internal byte** Pointer => (byte**)_memory;

    public void Dispose() => NativeMemory.Free(_memory);
}
