import { badOption, OptionReader } from '../core/options/option-reader.js';

/** Your own certificates for instances. */
export interface InstanceTls {
  /** This instance's private key, PEM. */
  key: string;
  /** This instance's certificate, PEM, for client and server authentication, with its chain if it has one. */
  cert: string;
  /**
   * The authorities that sign the instances' certificates, PEM. Without `serverName`, any client with a certificate of these authorities
   * can call.
   */
  ca: string;
  /**
   * A subject alternative name that every instance's certificate has. Both ends check it. If omitted, the certificate of a dialled instance
   * must contain the host name or IP address under which it was found, and a dialling instance may have any certificate of the authorities.
   */
  serverName?: string;
}

const shortest = 32;

/** The configured secrets; undefined if there are none. Errors show only their lengths. */
export function readSecrets(read: OptionReader, fallback: string | undefined): readonly string[] | undefined {
  const value = read.raw('secret') ?? (fallback || undefined);
  if (value === undefined) return undefined;
  const given = read.raw('secret') === undefined ? 'FLAME_RPC_SECRET' : `${read.path}.secret`;
  const secrets: readonly unknown[] = Array.isArray(value) ? value : [value];
  const long = 'Use at least 32 random characters, for example from: openssl rand -base64 32';
  if (secrets.length === 0) throw badOption(given, 'is an empty list', long);
  for (const secret of secrets) {
    if (typeof secret !== 'string') throw badOption(given, 'must be a string or a list of strings', long);
    if (secret.length < shortest) throw badOption(given, `has ${secret.length} characters, but needs at least ${shortest}`, long);
  }
  return secrets as string[];
}

export function readTls(read: OptionReader): InstanceTls | undefined {
  const value = read.raw('tls');
  if (value === undefined) return undefined;
  const inner = new OptionReader(value, `${read.path}.tls`);
  const pem = (key: string, kind: string): string => {
    const text = inner.text(key);
    if (text.includes(`${kind}-----`)) return text;
    // The text is not shown, because it may be the key.
    throw inner.refuse(key, 'is not PEM', `Pass the content of the file, which begins with -----BEGIN ${kind}-----.`);
  };
  const tls: InstanceTls = { key: pem('key', 'PRIVATE KEY'), cert: pem('cert', 'CERTIFICATE'), ca: pem('ca', 'CERTIFICATE') };
  if (inner.raw('serverName') !== undefined) tls.serverName = inner.text('serverName');
  inner.done();
  return tls;
}
