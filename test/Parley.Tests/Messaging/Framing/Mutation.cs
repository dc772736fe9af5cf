namespace Parley.Tests.Messaging.Framing;

/// <summary>A seed, changed at random places.</summary>
internal sealed class Mutation(byte[][] seeds)
{
    private const int MaxLength = 256;

    private static readonly byte[] Telling = [0, 1, 3, 4, 7, 10, 13, 16, 33, 64, 127, 128, 255];

    private readonly byte[] _bytes = new byte[MaxLength];
    private int _length;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, _length);

    public void Make(ref Dice dice)
    {
        _length = 0;
        Insert(ref dice, seeds[dice.Below(seeds.Length)]);
        for (int changes = dice.Below(8); changes > 0; changes--)
            Change(ref dice);
    }

    private void Change(ref Dice dice)
    {
        if (_length == 0 || dice.IsOneIn(4))
        {
            Insert(ref dice, seeds[dice.Below(seeds.Length)]);
            return;
        }

        int at = dice.Below(_length);
        switch (dice.Below(5))
        {
            case 0:
                _bytes[at] ^= (byte)(1 << dice.Below(8));
                break;
            case 1:
                _bytes[at] = Telling[dice.Below(Telling.Length)];
                break;
            case 2:
                int count = 1 + dice.Below(_length - at);
                _bytes.AsSpan(at + count, _length - at - count).CopyTo(_bytes.AsSpan(at));
                _length -= count;
                break;
            case 3:
                _length = at;
                break;
            default:
                Insert(ref dice, [Telling[dice.Below(Telling.Length)]]);
                break;
        }
    }

    private void Insert(ref Dice dice, ReadOnlySpan<byte> piece)
    {
        if (_length + piece.Length > MaxLength)
            return;
        int at = dice.Below(_length + 1);
        _bytes.AsSpan(at, _length - at).CopyTo(_bytes.AsSpan(at + piece.Length));
        piece.CopyTo(_bytes.AsSpan(at));
        _length += piece.Length;
    }
}
