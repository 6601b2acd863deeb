import { badOption, OptionReader } from '../core/options/option-reader.js';

/** Certificates of your own for instances. */
export interface InstanceTls {
  /** This instance's private key, PEM. */
  key: string;
  /** Its certificate, PEM, for client and server authentication, with its chain if it has one. */
  cert: string;
  /**
   * The authorities that sign the instances' certificates, PEM. Anyone else whom they sign for could call, too, unless `serverName` is
   * given.
   */
  ca: string;
  /**
   * The name that every instance's certificate has among its subject alternative names: both ends look for it. Left out, who is dialled
   * must have the host, or IP address, that it was found under, and who dials any certificate of the authorities.
   */
  serverName?: string;
}

const shortest = 32;

/** The secrets that are given; undefined for none. Errors tell their lengths alone. */
export function readSecrets(read: OptionReader, fallback: string | undefined): readonly string[] | undefined {
  const value = read.raw('secret') ?? (fallback || undefined);
  if (value === undefined) return undefined;
  const given = read.raw('secret') === undefined ? 'FLAME_RPC_SECRET' : `${read.path}.secret`;
  const secrets: readonly unknown[] = Array.isArray(value) ? value : [value];
  const long = 'Give at least 32 characters that nobody can guess, for example from: openssl rand -base64 32';
  if (secrets.length === 0) throw badOption(given, 'is an empty list', long);
  for (const secret of secrets) {
    if (typeof secret !== 'string') throw badOption(given, 'must be a string or a list of strings', long);
    if (secret.length < shortest) throw badOption(given, `has ${secret.length} characters, and must have ${shortest}`, long);
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
    // Not shown: it may be the key.
    throw inner.refuse(key, 'is not PEM', `Give the file's content, which begins with -----BEGIN ${kind}-----.`);
  };
  const tls: InstanceTls = { key: pem('key', 'PRIVATE KEY'), cert: pem('cert', 'CERTIFICATE'), ca: pem('ca', 'CERTIFICATE') };
  if (inner.raw('serverName') !== undefined) tls.serverName = inner.text('serverName');
  inner.done();
  return tls;
}
