import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares two secrets in a time that does not depend on the first difference or on their lengths. */
export function sameSecret(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(secret: string | Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}
