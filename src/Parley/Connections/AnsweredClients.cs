namespace Parley;

/// <summary>Conversations that were over before anybody but the listener knew of them.</summary>
/// <param name="Count">How many; those that still end are not among them.</param>
/// <param name="BytesSent">Bytes that they were sent, all of which were acknowledged.</param>
/// <param name="BytesReceived">Bytes that they said, which were dropped.</param>
public readonly record struct AnsweredClients(long Count, long BytesSent, long BytesReceived);
