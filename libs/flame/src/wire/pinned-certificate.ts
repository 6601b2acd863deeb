import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';

/**
 * Trusts this certificate and no other, whatever name or address the parent is reached under. When it is an authority's,
 * the parent's own must be signed by it and name the host.
 */
export function pinned(certificate: string): ChannelCredentials {
  const expected = new X509Certificate(certificate).raw;
  return credentials.createSsl(Buffer.from(certificate), null, null, {
    checkServerIdentity: (host: string, peer: PeerCertificate) => (expected.equals(peer.raw) ? undefined : checkServerIdentity(host, peer)),
  });
}
