import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';
import { wideWindow } from './grpc-options.js';
import type { InstanceIdentity } from './instance-identity.js';
import { ShieldedSocket } from './pre-auth/shielded-socket.js';

/** The credentials and options of a client that trusts one server. */
export interface ClientCredentials {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/**
 * Trusts this certificate and no other, under any name or address of the parent. When the certificate is an authority's,
 * the parent's own must be signed by it and name the host.
 */
export function pinned(certificate: string): ClientCredentials {
  const expected = new X509Certificate(certificate);
  const identify = (host: string, peer: PeerCertificate): Error | undefined =>
    expected.raw.equals(peer.raw) ? undefined : checkServerIdentity(host, peer);
  const secure = credentials.createSsl(Buffer.from(certificate), null, null, { checkServerIdentity: identify });
  const options: ChannelOptions = shield(secure) ? { 'grpc-node.flow_control_window': wideWindow } : {};
  // TLS needs a name, and the parent is often reached under an address.
  if (!expected.ca) options['grpc.ssl_target_name_override'] = 'nestjs-flame';
  return { credentials: secure, options };
}

/** Credentials that trust certificates of the app's authority, and present this instance's own. */
export function mutual({ key, cert, ca, serverName }: InstanceIdentity): ClientCredentials {
  const secure = credentials.createSsl(Buffer.from([ca].flat().join('\n')), Buffer.from(key), Buffer.from(cert));
  const options: ChannelOptions = shield(secure) ? { 'grpc-node.flow_control_window': wideWindow } : {};
  // The addresses of instances change. The name in their certificates does not.
  if (serverName !== undefined) options['grpc.ssl_target_name_override'] = serverName;
  return { credentials: secure, options };
}

/** Whether a client with a certificate of the authority is an instance: it needs the instances' name, if they have one. */
export function isInstance({ serverName }: InstanceIdentity, client: TLSSocket): boolean {
  return serverName === undefined || checkServerIdentity(serverName, client.getPeerCertificate()) === undefined;
}

/** Wraps each socket of these credentials in a `ShieldedSocket`. Returns false when grpc-js has no such method any more. */
function shield(secure: ChannelCredentials): boolean {
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
