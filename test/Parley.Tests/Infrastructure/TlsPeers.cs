using System.Security.Cryptography.X509Certificates;

namespace Parley.Tests;

/// <summary>A server for the loopback, and a client that knows its key.</summary>
internal static class TlsPeers
{
    public static X509Certificate2 Certificate { get; } = TlsCertificate.CreateSelfSigned("localhost", "127.0.0.1", "::1");

    public static TlsOptions Server() => new() { Certificate = Certificate };

    public static TlsOptions Client() => new() { Pins = { TlsCertificate.PinOf(Certificate) } };
}
