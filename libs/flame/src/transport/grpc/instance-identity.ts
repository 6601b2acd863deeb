import { createECDH, createPrivateKey, createPublicKey, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

/** How instances of an app authenticate to each other: the own certificate, and the trusted authorities. */
export interface InstanceIdentity {
  /** Its private key, PEM. */
  readonly key: string;
  /** Its certificate, PEM, for servers and clients, with its chain if it has one. */
  readonly cert: string;
  /** The authorities that sign the instances' certificates, PEM. */
  readonly ca: string | readonly string[];
  /** The name that every instance's certificate has. */
  readonly serverName?: string;
}

/** The name in certificates that a secret has signed. Its authority signs nothing else. */
const secretName = 'nestjs-flame';

const day = 24 * 60 * 60 * 1000;
const valid = () => ({ notBeforeDate: new Date(Date.now() - day), notAfterDate: new Date(Date.now() + 3650 * day) });
const elliptic = { keyType: 'ec', algorithm: 'sha256' } as const;

/**
 * Makes a mutual-TLS identity from shared secrets. Every instance derives the key of one private authority from the secret, and signs a
 * certificate for its own key with it. The secret is never sent, and without it nobody can connect or listen in. The first secret signs;
 * certificates signed with any of the secrets are trusted.
 *
 * A client sees enough of the authority to guess secrets, so a secret must be long; scrypt makes each guess slow.
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

/** One secret gives one key, whatever instance derives it; the certificates differ in what nobody compares. */
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
