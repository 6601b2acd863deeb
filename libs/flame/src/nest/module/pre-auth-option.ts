import { OptionReader } from '../../core/options/option-reader.js';
import { preAuthDefaults, type PreAuthLimits } from '../../transport/grpc/pre-auth/pre-auth-limits.js';

/** The option `strangers`, complete. @throws {FlameError} FLAME_CONFIG that names the path and the fix. */
export function readPreAuth(read: OptionReader): Required<PreAuthLimits> {
  const inner = new OptionReader(read.raw('strangers') ?? {}, `${read.path}.strangers`);
  const limits: Required<PreAuthLimits> = {
    introductionTimeout: inner.duration('introductionTimeout', preAuthDefaults.introductionTimeout),
    maxConnections: inner.count('maxConnections', 1, preAuthDefaults.maxConnections),
    maxConnectionsPerSecond: inner.count('maxConnectionsPerSecond', 1, preAuthDefaults.maxConnectionsPerSecond),
    maxArrivalsPerSecond: inner.count('maxArrivalsPerSecond', 1, preAuthDefaults.maxArrivalsPerSecond),
    maxFailuresPerSecond: inner.count('maxFailuresPerSecond', 1, preAuthDefaults.maxFailuresPerSecond),
    maxBytes: inner.count('maxBytes', 1, preAuthDefaults.maxBytes),
    maxFrames: inner.count('maxFrames', 1, preAuthDefaults.maxFrames),
    maxStreams: inner.count('maxStreams', 1, preAuthDefaults.maxStreams),
  };
  inner.done();
  return limits;
}
