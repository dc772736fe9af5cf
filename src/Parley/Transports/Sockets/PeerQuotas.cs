namespace Parley.Transports.Sockets;

/// <summary>
/// How many connections each peer has, and how many it has made lately. Those who have none are forgotten when nothing is to be remembered of them, which is a
/// second after their last; of those who came within it the last <see cref="DefaultRoom"/> are remembered, so a flood from ever new addresses takes no more
/// memory than that. Whoever is forgotten for want of room begins anew. Safe from any thread.
/// </summary>
/// <param name="mostOpen">Connections of one peer at once; <see langword="null"/> for any number.</param>
/// <param name="rate">Connections of one peer a second, as many of them at once; <see langword="null"/> for any number.</param>
/// <param name="time">The clock.</param>
/// <param name="room">How many without a connection are remembered.</param>
internal sealed class PeerQuotas(int? mostOpen, int? rate, TimeProvider time, int room = PeerQuotas.DefaultRoom)
{
    /// <summary>Some 2 MB of memory.</summary>
    internal const int DefaultRoom = 16 * 1024;

    // A bucket that was not used for so long is full, as that of a peer never seen.
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private readonly Dictionary<UInt128, Peer> _peers = [];
    private readonly LinkedList<Peer> _idle = [];
    private readonly Lock _lock = new();

    /// <summary>Whether whoever was let in has to be reported gone.</summary>
    internal bool CountsOpen => mostOpen is not null;

    internal int Count
    {
        get
        {
            lock (_lock)
                return _peers.Count;
        }
    }

    /// <summary>Notes a connection of the peer, if it may have one more.</summary>
    /// <returns>What it has too much of.</returns>
    internal Excess TryEnter(UInt128 key)
    {
        long now = time.GetTimestamp();
        lock (_lock)
        {
            Forget(now);
            if (!_peers.TryGetValue(key, out Peer? peer))
                _peers.Add(key, peer = new Peer(key) { Tokens = rate ?? 0, Seen = now });
            if (rate is int perSecond)
                peer.Tokens = Math.Min(perSecond, peer.Tokens + (time.GetElapsedTime(peer.Seen, now).TotalSeconds * perSecond));
            peer.Seen = now;
            Excess excess = peer.Open >= mostOpen ? Excess.Open : rate is not null && peer.Tokens < 1 ? Excess.Rate : Excess.None;
            if (excess == Excess.None)
            {
                peer.Tokens--;
                if (CountsOpen)
                    peer.Open++;
            }

            Place(peer);
            return excess;
        }
    }

    /// <summary>A connection of the peer is over.</summary>
    internal void Leave(UInt128 key)
    {
        lock (_lock)
        {
            Peer peer = _peers[key];
            peer.Open--;
            Place(peer);
        }
    }

    // Those without a connection stand in the order in which they were seen.
    private void Place(Peer peer)
    {
        if (peer.Place.List is not null)
            _idle.Remove(peer.Place);
        if (peer.Open > 0)
            return;
        if (rate is null)
        {
            _peers.Remove(peer.Key);
            return;
        }

        _idle.AddLast(peer.Place);
        if (_idle.Count > room)
            Forget(_idle.First!.Value);
    }

    private void Forget(long now)
    {
        while (_idle.First is { } oldest && time.GetElapsedTime(oldest.Value.Seen, now) > Memory)
            Forget(oldest.Value);
    }

    private void Forget(Peer peer)
    {
        _idle.Remove(peer.Place);
        _peers.Remove(peer.Key);
    }

    private sealed class Peer
    {
        internal Peer(UInt128 key)
        {
            Key = key;
            Place = new LinkedListNode<Peer>(this);
        }

        internal UInt128 Key { get; }

        internal LinkedListNode<Peer> Place { get; }

        internal int Open { get; set; }

        internal double Tokens { get; set; }

        internal long Seen { get; set; }
    }
}
