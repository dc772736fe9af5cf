namespace Parley;

/// <summary>Clients that a listener let go before they were a connection.</summary>
/// <param name="Refused">Those who may not: by <see cref="ConnectionOptions.AccessRules"/>, or another user's where only this user's and root's may.</param>
/// <param name="OverQuota">
/// Those who had enough: more than <see cref="ListenerOptions.MaxConnectionsPerPeer"/> at once, or more than <see cref="ListenerOptions.ConnectRatePerPeer"/> a second.
/// </param>
public readonly record struct ListenerStatistics(long Refused, long OverQuota);
