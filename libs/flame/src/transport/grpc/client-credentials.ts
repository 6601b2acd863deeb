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
 * Trusts only this certificate, under any name or address of the parent. If it is an authority's certificate, the authority must have
 * signed the parent's certificate, which must name the host.
 */
export function pinned(certificate: string): ClientCredentials {
  const expected = new X509Certificate(certificate);
  const identify = (host: string, peer: PeerCertificate): Error | undefined =>
    expected.raw.equals(peer.raw) ? undefined : checkServerIdentity(host, peer);
  const secure = credentials.createSsl(Buffer.from(certificate), null, null, { checkServerIdentity: identify });
  const options: ChannelOptions = shield(secure) ? { 'grpc-node.flow_control_window': wideWindow } : {};
  // TLS needs a name, but the parent's address is often an IP address.
  if (!expected.ca) options['grpc.ssl_target_name_override'] = 'nestjs-flame';
  return { credentials: secure, options };
}

/** Trusts certificates of the app's authority, and presents the certificate of this instance. */
export function mutual({ key, cert, ca, serverName }: InstanceIdentity): ClientCredentials {
  const secure = credentials.createSsl(Buffer.from([ca].flat().join('\n')), Buffer.from(key), Buffer.from(cert));
  const options: ChannelOptions = shield(secure) ? { 'grpc-node.flow_control_window': wideWindow } : {};
  // The addresses of instances change. The name in their certificates does not.
  if (serverName !== undefined) options['grpc.ssl_target_name_override'] = serverName;
  return { credentials: secure, options };
}

/** True if a client with a certificate of the authority is an instance. If the instances have a name, its certificate must contain it. */
export function isInstance({ serverName }: InstanceIdentity, client: TLSSocket): boolean {
  return serverName === undefined || checkServerIdentity(serverName, client.getPeerCertificate()) === undefined;
}

/** Wraps each socket of these credentials in a `ShieldedSocket`. Returns false if grpc-js no longer has the method for that. */
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
