import { createHmac, timingSafeEqual } from 'node:crypto';
import { longestPosition } from '../replication/replication-clock.js';

/** The form of the tokens, so that a later one can be told from it. It is part of what is signed. */
const version = 'v1';

/** The most characters of a token: a position, encoded, with its time and signature. */
const longest = Math.ceil((longestPosition * 4) / 3) + 64;

/** Why a token is not used. */
export type Refusal = 'malformed' | 'forged' | 'too old';

/**
 * Signs positions for clients, and reads them again: `v1.<time>.<position>.<HMAC-SHA-256>`. A client cannot make up a position, which would
 * let its requests wait in vain. The first secret signs, and all are accepted.
 */
export class SessionTokens {
  readonly #secrets: readonly string[];
  readonly #maxAge: number;

  constructor(secrets: readonly string[], maxAge: number) {
    this.#secrets = secrets;
    this.#maxAge = maxAge;
  }

  sign(position: string, now: number): string {
    const signed = `${version}.${Math.floor(now / 1_000).toString(36)}.${Buffer.from(position).toString('base64url')}`;
    return `${signed}.${mac(this.#secrets[0]!, signed).toString('base64url')}`;
  }

  /** The position of a token that is not older than `maxAge`. */
  read(token: string, now: number): { readonly position: string } | { readonly refused: Refusal } {
    const [, signed, time, position, signature] = /^(v1\.([0-9a-z]{1,9})\.([\w-]+))\.([\w-]{43})$/.exec(token) ?? [];
    if (token.length > longest || signed === undefined) return { refused: 'malformed' };
    const given = Buffer.from(signature!, 'base64url');
    // Each secret is tried, so that the time taken does not tell which one it was.
    const genuine = this.#secrets.map((secret) => timingSafeEqual(mac(secret, signed), given)).includes(true);
    if (!genuine) return { refused: 'forged' };
    if (now - parseInt(time!, 36) * 1_000 > this.#maxAge) return { refused: 'too old' };
    return { position: Buffer.from(position!, 'base64url').toString() };
  }
}

function mac(secret: string, signed: string): Buffer {
  return createHmac('sha256', secret).update(`nestjs-flame session ${signed}`).digest();
}
