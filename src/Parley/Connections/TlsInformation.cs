namespace Parley;

/// <summary>What both sides of a TLS conversation agreed on.</summary>
/// <param name="Protocol">The version: <c>TLS 1.2</c> or <c>TLS 1.3</c>.</param>
/// <param name="ApplicationProtocol">What follows inside (ALPN); <see langword="null"/> where nothing was agreed on.</param>
/// <param name="PeerPin">The pin of the peer's key, as <see cref="TlsOptions.Pins"/> takes it; <see langword="null"/> where the peer showed no certificate.</param>
/// <param name="PeerSubject">The subject of the peer's certificate; <see langword="null"/> where it showed none.</param>
public readonly record struct TlsInformation(string Protocol, string? ApplicationProtocol, string? PeerPin, string? PeerSubject);
