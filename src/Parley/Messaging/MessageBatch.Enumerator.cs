using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley;

/// <content>The loop over the bodies: nothing is looked up for each of them.</content>
public sealed partial class MessageBatch
{
    /// <summary>For <see langword="foreach"/>: the bytes of each message, as <see cref="GetBody"/> returns them, of those that are there when it begins.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>The bodies of a batch, one after the other.</summary>
    [SuppressMessage("Design", "CA1034", Justification = "An enumerator is part of what it enumerates.")]
    public ref struct Enumerator
    {
        private readonly ref byte _bodies;
        private readonly ref int _lengths;
        private readonly nint _room;
        private readonly nint _count;
        private nint _index;

        internal Enumerator(MessageBatch batch)
        {
            _bodies = ref batch.FirstOf(0);
            _lengths = ref MemoryMarshal.GetArrayDataReference(batch._lengths);
            _room = batch._messageSize;
            _count = Math.Min(batch.Count, batch.Capacity);
            _index = -1;
        }

        /// <summary>The bytes of the message that <see cref="MoveNext"/> has come to.</summary>
        /// <exception cref="InvalidOperationException">There is none.</exception>
        public readonly Span<byte> Current
        {
            get
            {
                if ((nuint)_index >= (nuint)_count)
                    ThrowNone();
                return MemoryMarshal.CreateSpan(ref Unsafe.Add(ref _bodies, _index * _room), Unsafe.Add(ref _lengths, _index));
            }
        }

        /// <summary>Goes on to the next message.</summary>
        /// <returns><see langword="false"/> where there is none.</returns>
        public bool MoveNext() => ++_index < _count;

        [DoesNotReturn]
        private static void ThrowNone() => throw new InvalidOperationException("The loop is at no message.");
    }
}
