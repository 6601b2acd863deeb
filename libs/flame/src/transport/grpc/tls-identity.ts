import { OptionReader } from '../../core/options/option-reader.js';

/** The key and certificate of a parent on the network. */
export interface TlsIdentity {
  /** The private key, PEM. */
  readonly key: string;
  /** The certificate, PEM, with its chain if it has one. */
  readonly cert: string;
  /** The certificate that runners trust instead of `cert`: the authority that signed `cert`, PEM. */
  readonly ca?: string;
}

/** Makes a key and a certificate. Only the runners of this parent have the certificate: their boot environment contains it. */
export async function makeTlsIdentity(): Promise<TlsIdentity> {
  const { generate } = await import('selfsigned');
  const day = 24 * 60 * 60 * 1000;
  const made = await generate([{ name: 'commonName', value: 'nestjs-flame' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // Clocks of machines differ. The key lives only as long as this process, so an early expiry has no use.
    notBeforeDate: new Date(Date.now() - day),
    notAfterDate: new Date(Date.now() + 3650 * day),
  });
  return { key: made.private, cert: made.cert };
}

/** The option `tls`; undefined when it was left out. */
export function readTls(read: OptionReader): TlsIdentity | undefined {
  const value = read.raw('tls');
  if (value === undefined) return undefined;
  const inner = new OptionReader(value, `${read.path}.tls`);
  const tls: TlsIdentity = {
    key: inner.text('key'),
    cert: inner.text('cert'),
    ca: inner.raw('ca') === undefined ? undefined : inner.text('ca'),
  };
  inner.done();
  return tls;
}
