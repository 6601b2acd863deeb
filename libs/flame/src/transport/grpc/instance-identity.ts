import { createECDH, createPrivateKey, createPublicKey, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

/** How instances of an app authenticate to each other: the instance's own certificate, and the trusted authorities. */
export interface InstanceIdentity {
  /** The private key of the instance, PEM. */
  readonly key: string;
  /** The certificate of the instance, PEM, for servers and clients, with its chain if it has one. */
  readonly cert: string;
  /** The authorities that sign the instances' certificates, PEM. */
  readonly ca: string | readonly string[];
  /** The name in the certificate of every instance. */
  readonly serverName?: string;
}

/** The name in certificates that are signed with a secret. Its authority signs no other names. */
const secretName = 'nestjs-flame';

const day = 24 * 60 * 60 * 1000;
const valid = () => ({ notBeforeDate: new Date(Date.now() - day), notAfterDate: new Date(Date.now() + 3650 * day) });
const elliptic = { keyType: 'ec', algorithm: 'sha256' } as const;

/**
 * Makes a mutual-TLS identity from shared secrets. Every instance derives the key of one private authority from the secret. With that key
 * it signs a certificate for its own key. The secret is never sent. Without the secret, no one can connect or eavesdrop. The first secret
 * signs; certificates signed with any of the secrets are trusted.
 *
 * Clients see enough of the authority to guess secrets, so a secret must be long. scrypt makes each guess slow.
 */
export async function identityFromSecrets(secrets: readonly string[]): Promise<InstanceIdentity> {
  const authorities = await Promise.all(secrets.map(authorityOf));
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: secretName }], {
    ...elliptic,
    ...valid(),
    ca: authorities[0],
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: secretName }] },
    ],
  });
  return { key: made.private, cert: made.cert, ca: authorities.map(({ cert }) => cert), serverName: secretName };
}

/** Every instance derives the same key from a secret. The certificates differ only in fields that are never compared. */
async function authorityOf(secret: string): Promise<{ key: string; cert: string }> {
  const seed = (await promisify(scrypt)(secret, 'nestjs-flame instances', 32)) as Buffer;
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(seed);
  const point = curve.getPublicKey();
  const text = (bytes: Buffer): string => bytes.toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', d: text(seed), x: text(point.subarray(1, 33)), y: text(point.subarray(33)) };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
  const { generate } = await import('selfsigned');
  const { cert } = await generate([{ name: 'commonName', value: `${secretName} secret` }], {
    ...elliptic,
    ...valid(),
    keyPair: { privateKey, publicKey },
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { key: privateKey, cert };
}
