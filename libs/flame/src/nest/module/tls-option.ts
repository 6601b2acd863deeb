import { OptionReader } from '../../core/options/option-reader.js';
import type { TlsIdentity } from '../../transport/grpc/tls-identity.js';

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
