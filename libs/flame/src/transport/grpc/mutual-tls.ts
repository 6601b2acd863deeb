import { checkServerIdentity, type TLSSocket } from 'node:tls';
import { type ChannelOptions, credentials } from '@grpc/grpc-js';
import { wideWindow } from './grpc-options.js';
import type { InstanceIdentity } from './instance-identity.js';
import { type Pinned, shield } from './pinned-certificate.js';

/** Trusts what the app's authority has signed, and shows the own certificate. */
export function mutual({ key, cert, ca, serverName }: InstanceIdentity): Pinned {
  const secure = credentials.createSsl(Buffer.from([ca].flat().join('\n')), Buffer.from(key), Buffer.from(cert));
  const options: ChannelOptions = shield(secure) ? { 'grpc-node.flow_control_window': wideWindow } : {};
  // Instances are found under addresses that change; what stays is the name that their certificates have.
  if (serverName !== undefined) options['grpc.ssl_target_name_override'] = serverName;
  return { credentials: secure, options };
}

/** Whether a client whose certificate the authority has signed is an instance. */
export function isInstance({ serverName }: InstanceIdentity, client: TLSSocket): boolean {
  return serverName === undefined || checkServerIdentity(serverName, client.getPeerCertificate()) === undefined;
}
