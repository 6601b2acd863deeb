import { OptionReader } from '../../core/options/option-reader.js';
import { preAuthDefaults, type PreAuthLimits } from '../../transport/grpc/pre-auth/pre-auth-limits.js';

/** The option `preAuth` with its defaults. @throws {FlameError} FLAME_CONFIG that names the path and the fix. */
export function readPreAuth(read: OptionReader): Required<PreAuthLimits> {
  const inner = new OptionReader(read.raw('preAuth') ?? {}, `${read.path}.preAuth`);
  const limits = {
    timeout: inner.duration('timeout', preAuthDefaults.timeout),
    maxConnections: inner.count('maxConnections', 1, preAuthDefaults.maxConnections),
    maxConnectionsPerSecond: inner.count('maxConnectionsPerSecond', 1, preAuthDefaults.maxConnectionsPerSecond),
    maxBytes: inner.count('maxBytes', 1, preAuthDefaults.maxBytes),
  };
  inner.done();
  return limits;
}
