import { OptionReader } from '../../core/options/option-reader.js';
import { strangerDefaults, type StrangerLimits } from '../../transport/grpc/pre-auth/pre-auth-limits.js';

/** The option `strangers`, complete. @throws {FlameError} FLAME_CONFIG that names the path and the fix. */
export function readStrangers(read: OptionReader): Required<StrangerLimits> {
  const inner = new OptionReader(read.raw('strangers') ?? {}, `${read.path}.strangers`);
  const limits: Required<StrangerLimits> = {
    introductionTimeout: inner.duration('introductionTimeout', strangerDefaults.introductionTimeout),
    maxConnections: inner.count('maxConnections', 1, strangerDefaults.maxConnections),
    maxConnectionsPerSecond: inner.count('maxConnectionsPerSecond', 1, strangerDefaults.maxConnectionsPerSecond),
    maxArrivalsPerSecond: inner.count('maxArrivalsPerSecond', 1, strangerDefaults.maxArrivalsPerSecond),
    maxFailuresPerSecond: inner.count('maxFailuresPerSecond', 1, strangerDefaults.maxFailuresPerSecond),
    maxBytes: inner.count('maxBytes', 1, strangerDefaults.maxBytes),
    maxFrames: inner.count('maxFrames', 1, strangerDefaults.maxFrames),
    maxStreams: inner.count('maxStreams', 1, strangerDefaults.maxStreams),
  };
  inner.done();
  return limits;
}
