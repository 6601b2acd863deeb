import { createHash } from 'node:crypto';
import type { BuildDigest, Manifest } from '../../core/manifest.js';
import { version } from '../../core/version.js';

/** The number of the protocol in `proto/flame/v1`: raised when an older runner would misunderstand. */
const protocol = 1;

/** What this copy of the app says of itself. `handlers` are sorted. */
export function manifestOf(handlers: readonly string[], build?: BuildDigest): Manifest {
  const digest = createHash('sha256').update(JSON.stringify(handlers)).digest('hex');
  return { version, protocol, handlers, digest, ...(build && { build }) };
}
