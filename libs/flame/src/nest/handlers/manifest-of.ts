import { createHash } from 'node:crypto';
import type { BuildDigest, Manifest } from '../../core/manifest.js';
import { version } from '../../core/version.js';

/** The version of the protocol in `proto/flame/v1`. It is raised when an older runner would misunderstand the newer protocol. */
const protocol = 1;

/** The manifest of this copy of the app. `handlers` must be sorted. */
export function manifestOf(handlers: readonly string[], build?: BuildDigest): Manifest {
  const digest = createHash('sha256').update(JSON.stringify(handlers)).digest('hex');
  return { version, protocol, handlers, digest, ...(build && { build }) };
}
