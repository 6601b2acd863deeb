import { OptionReader } from '../../core/options/option-reader.js';

/** The key and certificate of a parent on the network. */
export interface TlsIdentity {
  /** The private key, PEM. */
  readonly key: string;
  /** The certificate, PEM, with its chain if it has one. */
  readonly cert: string;
  /** The certificate that runners trust instead of `cert`: that of the authority that signed `cert`, PEM. */
  readonly ca?: string;
}

/** Makes a key and a certificate that only runners of this parent know: it is in what they are told at birth. */
export async function makeTlsIdentity(): Promise<TlsIdentity> {
  const { generate } = await import('selfsigned');
  const day = 24 * 60 * 60 * 1000;
  const made = await generate([{ name: 'commonName', value: 'nestjs-flame' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // Machines' clocks differ. It lives as long as this process, so its end is of no use.
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
