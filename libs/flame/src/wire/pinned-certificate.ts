import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';

/** How a client trusts one parent. */
export interface Pinned {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/**
 * Trusts this certificate and no other, whatever name or address the parent is reached under. When it is an authority's,
 * the parent's own must be signed by it and name the host.
 */
export function pinned(certificate: string): Pinned {
  const expected = new X509Certificate(certificate);
  return {
    credentials: credentials.createSsl(Buffer.from(certificate), null, null, {
      checkServerIdentity: (host: string, peer: PeerCertificate) =>
        expected.raw.equals(peer.raw) ? undefined : checkServerIdentity(host, peer),
    }),
    // TLS wants a name, and the parent is often reached under an address.
    options: expected.ca ? {} : { 'grpc.ssl_target_name_override': 'nestjs-flame' },
  };
}
