import { createECDH, createPrivateKey, createPublicKey, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

/** What an instance shows to the others of its app, and by what it knows them. */
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
 * A shared secret as mutual TLS. Every instance derives the key of one private authority from the secret, and has it sign a certificate
 * for a key of its own: the secret never travels, who does not have it can neither connect nor listen in, and there is one mechanism for both
 * kinds of trust. The first secret signs, certificates that any of them has signed are trusted.
 *
 * A client sees enough of the authority to guess secrets, so that a secret must be long; scrypt makes each try dear.
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
