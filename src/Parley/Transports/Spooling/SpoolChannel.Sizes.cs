using System.Numerics;

namespace Parley.Transports.Spooling;

/// <content>
/// How large the slots are, where a source may have very long messages and rarely has: larger ones are made for the first that needs them, once everything
/// before it has been acknowledged.
/// </content>
internal sealed partial class SpoolChannel
{
    // So many in a row that fit into the first slots: there is to be room for many again.
    private const int ShortOnesUntilSmaller = 64;

    private readonly SpoolSlots _sizes;

    // What the next message needs; 0 where that is not known to be more than there is.
    private int _wantedSize;
    private int _shortOnes;

    private int LongestFromSource => _sizes.MayGrow ? Math.Min(_source.MaxMessageSize, _file.LargestMessage) : _source.MaxMessageSize;

    /// <summary>The next message did not fit.</summary>
    /// <exception cref="ConnectionException">It will not fit, however the spool is divided.</exception>
    private void WantRoomFor(ConnectionException longer)
    {
        // What is damaged stays where it is.
        int most = _corrupt > 0 ? _file.MessageSize : LongestFromSource;
        if (longer.MessageLength > most || most <= _file.MessageSize)
            throw DoesNotFit(longer, most);
        int size = longer.MessageLength == 0 ? most : (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)longer.MessageLength), (uint)most);
        lock (_slots)
            _wantedSize = size;
    }

    private ConnectionException DoesNotFit(ConnectionException longer, int most)
    {
        string message = longer.MessageLength == 0 ? $"a message of more than {_file.MessageSize} bytes" : $"a message of {longer.MessageLength} bytes";
        string why = _corrupt > 0 ? ", whose slots stay as they are as long as damaged messages lie in it" : "";
        return new ConnectionException(
            Step.Receive, Reason.TooLarge, LocalEndPoint, $"{message} does not fit into the spool {_file.Path}, which takes at most {most}{why}", inner: longer)
        { MessageLength = longer.MessageLength, IsOverLimit = true };
    }

    private void NoteLength(int length) => _shortOnes = length <= _sizes.SizeAtFirst ? Math.Min(_shortOnes + 1, ShortOnesUntilSmaller) : 0;

    /// <summary>Makes slots of another size where that is due and nothing lies in those that there are. Nothing is armed.</summary>
    /// <returns>Whether the next message can be taken.</returns>
    private bool HasRightSlots()
    {
        bool isTooLarge = _sizes.MayGrow && _shortOnes == ShortOnesUntilSmaller && _file.MessageSize > _sizes.SizeAtFirst;
        if (_wantedSize == 0 && !isTooLarge)
            return true;
        lock (_slots)
        {
            if (_held > 0)
                return _wantedSize == 0;
            if (_corrupt == 0)
                Remake(_wantedSize == 0 ? _sizes.SizeAtFirst : _wantedSize);
            _wantedSize = _shortOnes = 0;
            return true;
        }
    }

    private void Remake(int messageSize)
    {
        _file.Remake(messageSize, _sync);
        _wasDelivered = new bool[_file.SlotCount];
        _properties = new IReadOnlyDictionary<string, string>?[_file.SlotCount];
        _free.Clear();
        for (int slot = _file.SlotCount - 1; slot >= 0; slot--)
            _free.Push(slot);
    }
}
