namespace Parley.Transports.Sockets;

/// <summary>Which user may be at the other end of a local channel.</summary>
internal static class LocalPeer
{
    internal const string RulesSayNo = "the rules do not allow it";

    /// <summary>Whether it lies with the rules alone who may be at the other end, of a channel that is otherwise for this user and root.</summary>
    internal static bool AllowsOthers(ConnectionOptions options) => options.AllowOtherUsers || options.AccessRules is { NamesUsers: true };

    /// <param name="options">Whom this side talks to.</param>
    /// <param name="ownUserOnly">Whether the channel is for one user, unless something else is said.</param>
    /// <param name="peer">Who is there.</param>
    /// <returns>Why not; <see langword="null"/> where it may.</returns>
    internal static string? Objection(ConnectionOptions options, bool ownUserOnly, PeerCredentials peer)
    {
        if (ownUserOnly && !AllowsOthers(options) && !OwnUser.Includes(peer.UserId))
            return "only this user and root may";
        return options.AccessRules is { } rules && !rules.Permit(peer.UserId, peer.GroupId) ? RulesSayNo : null;
    }
}
