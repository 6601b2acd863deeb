import { createHash } from 'node:crypto';
import type { BuildDigest, Manifest } from '../../core/manifest.js';
import { version } from '../../core/version.js';

/** The version of the protocol in `proto/flame/v1`. It is raised when an older runner would misunderstand the newer protocol. */
const protocol = 1;

/** The manifest of this copy of the app. `code` has the digest of each handler's code, empty for all but inline functions. */
export function manifestOf(handlers: readonly string[], build?: BuildDigest, code: readonly string[] = []): Manifest {
  const inline = code.some((digest) => digest !== '') ? code : undefined;
  const digest = createHash('sha256')
    .update(JSON.stringify(inline ? [handlers, inline] : handlers))
    .digest('hex');
  return { version, protocol, handlers, digest, ...(inline && { code: inline }), ...(build && { build }) };
}
