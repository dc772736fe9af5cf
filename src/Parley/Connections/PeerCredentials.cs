namespace Parley;

/// <summary>Who is on the other end of a local channel, as the kernel knows it from the moment of connecting.</summary>
/// <param name="ProcessId">The process that connected or listened; 0 where it lives in another process namespace.</param>
/// <param name="UserId">Its effective user id.</param>
/// <param name="GroupId">Its effective group id.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);
