import { createHash } from 'node:crypto';

/** A host key that the options name. */
export interface PinnedKey {
  /** `SHA256:` and the hash of the key in base64 without padding, as OpenSSH writes it. */
  readonly fingerprint: string;
  /** Such as `ssh-ed25519`; undefined if only the fingerprint is known. */
  readonly type: string | undefined;
}

/** Reads a fingerprint (`SHA256:…`) or the line of a public key; undefined if it is neither. */
export function readHostKey(text: string): PinnedKey | undefined {
  const written = text.trim();
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(written)) return { fingerprint: written.replace(/=$/, ''), type: undefined };
  // A line of known_hosts begins with the names of the host.
  const [, type, base64] = /(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/]+=*)(?:\s|$)/.exec(written) ?? [];
  if (type === undefined || base64 === undefined) return undefined;
  const key = Buffer.from(base64, 'base64');
  return typeOf(key) === type ? { fingerprint: fingerprintOf(key), type } : undefined;
}

export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a key says it has: its first string (RFC 4253, section 6.6). */
export function typeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE();
  return key.subarray(4, 4 + Math.min(length, 64)).toString('latin1');
}

/**
 * The algorithms to ask the host for, so that it presents a key of a pinned type; undefined if a fingerprint does not tell its type. An RSA
 * key can sign with SHA-2.
 */
export function hostKeyAlgorithms(keys: readonly PinnedKey[]): string[] | undefined {
  if (keys.some(({ type }) => type === undefined)) return undefined;
  return [...new Set(keys.flatMap(({ type }) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type!])))];
}
