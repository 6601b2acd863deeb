import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';
import { wideWindow } from './grpc-options.js';
import { ShieldedSocket } from './pre-auth/shielded-socket.js';

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
  const identify = (host: string, peer: PeerCertificate): Error | undefined =>
    expected.raw.equals(peer.raw) ? undefined : checkServerIdentity(host, peer);
  const secure = credentials.createSsl(Buffer.from(certificate), null, null, { checkServerIdentity: identify });
  const options: ChannelOptions = shield(secure) ? { 'grpc-node.flow_control_window': wideWindow } : {};
  // TLS wants a name, and the parent is often reached under an address.
  if (!expected.ca) options['grpc.ssl_target_name_override'] = 'nestjs-flame';
  return { credentials: secure, options };
}

/** Gives HTTP/2 the sockets of these credentials only behind a shield; false when grpc-js has renamed the method for that. */
export function shield(secure: ChannelCredentials): boolean {
  const connectorOf = secure._createSecureConnector?.bind(secure);
  if (connectorOf === undefined) return false;
  secure._createSecureConnector = (...from) => {
    const connector = connectorOf(...from);
    const connect = connector.connect.bind(connector);
    connector.connect = async (socket) => {
      const connected = await connect(socket);
      return { ...connected, socket: new ShieldedSocket(connected.socket as TLSSocket) as unknown as Socket };
    };
    return connector;
  };
  return true;
}
