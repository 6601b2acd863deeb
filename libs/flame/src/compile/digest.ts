import { createHash } from 'node:crypto';

/** A hash of 16 characters, by which parent and runner know that they have the same function. */
export function digestOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16);
}
