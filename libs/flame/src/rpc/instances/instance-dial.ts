import { randomBytes } from 'node:crypto';
import type { ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { openSession, errorText } from '../../transport/attach/attach-client.js';
import type { InstanceIdentity } from '../../transport/grpc/instance-identity.js';
import type { Attachment, Hello } from '../../transport/session/link.js';
import { isRejection } from '../../transport/attach/attach-client.js';

export interface InstanceDialOptions {
  readonly address: string;
  /** What this instance says of itself. */
  readonly about: Hello;
  readonly identity: InstanceIdentity;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  readonly clock: Clock;
  /** Gives up dialling. A session that was made stays. */
  readonly signal: AbortSignal;
}

/**
 * Begins a session with the instance at `address`, once: the link, and what the instance says of itself.
 *
 * @throws {FlameError} FLAME_DENIED when the other end is not an instance of this app or does not let this one in, FLAME_BOOT when it
 * cannot be reached. The message says why, and nothing of the address.
 */
export async function dialInstance({ address, about, identity, signal, ...rest }: InstanceDialOptions): Promise<Attachment> {
  // Every session has a name of its own: an instance may have two with another while the older one ends.
  const name = `${about.runner}/${randomBytes(6).toString('base64url')}`;
  // Nobody looks at the token but to know who knocks a second time, whose welcome was lost.
  const peer = `the instance at ${address}`;
  const { link, reach } = openSession({ about: { ...about, runner: name }, to: { address, identity }, peer, ...rest });
  try {
    const { instance } = await reach(randomBytes(16).toString('base64url'), signal);
    if (instance !== undefined) return { link, hello: instance };
  } catch (error) {
    link.drop('it was not reached');
    const text = errorText(error as ServiceError);
    if (otherSecret.test(text))
      throw new FlameError(
        'FLAME_DENIED',
        `it does not trust this instance, or is none of this app: their secrets or certificates differ (${text})`,
        {
          cause: error,
        },
      );
    throw new FlameError(isRejection(error) ? 'FLAME_DENIED' : 'FLAME_BOOT', signal.aborted ? 'it does not answer' : text, {
      cause: error,
    });
  }
  link.drop('it is no instance');
  throw new FlameError('FLAME_DENIED', 'it did not say which instance it is');
}

/** OpenSSL's words, and Node's, for a certificate that another authority has signed, and for one that is missing. */
const otherSecret = /certificate|altnames|unknown ca|decrypt error|bad signature/i;
