import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DashboardAuth } from './dashboard-options.js';

/** Whether a request may pass. `challenge`: the browser should ask for a name and a password. */
export type Access = 'granted' | 'challenge' | 'denied';

/**
 * Checks requests against the option `auth`. A function that throws or rejects denies access, and `warn` gets the reason.
 */
export function accessBy(auth: DashboardAuth | undefined, warn: (text: string) => void): (request: IncomingMessage) => Promise<Access> {
  if (auth === undefined) return async () => 'granted';
  if (typeof auth === 'object') {
    const wanted = digest(`${auth.user}:${auth.password}`);
    return async ({ headers }) => (timingSafeEqual(digest(credentials(headers.authorization)), wanted) ? 'granted' : 'challenge');
  }
  return async (request) => {
    try {
      // Only `true` grants access, so that a truthy result of another type never does by mistake.
      return (await auth(request)) === true ? 'granted' : 'denied';
    } catch (error) {
      warn(`the dashboard's auth function threw, so access was denied: ${error instanceof Error ? error.message : String(error)}`);
      return 'denied';
    }
  };
}

/** `user:password` of basic auth; empty, which matches no credentials, if there is none. */
function credentials(header: string | undefined): string {
  const [, encoded] = /^Basic ([\w+/=-]+)$/i.exec(header ?? '') ?? [];
  return encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString();
}

/** Digests have a fixed length, so the comparison takes the same time for every input. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
