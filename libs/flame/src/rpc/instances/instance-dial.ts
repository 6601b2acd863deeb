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
  /** The description of this instance for the other one. */
  readonly about: Hello;
  readonly identity: InstanceIdentity;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  readonly clock: Clock;
  /** Aborts the dialling, but not an established session. */
  readonly signal: AbortSignal;
}

/**
 * Opens a session with the instance at `address`, with one attempt. Resolves to the link and the other instance's description.
 *
 * @throws {FlameError} FLAME_DENIED when the other end is not an instance of this app or does not admit this one, FLAME_BOOT when it cannot
 * be reached. The message contains the reason, but not the address.
 */
export async function dialInstance({ address, about, identity, signal, ...rest }: InstanceDialOptions): Promise<Attachment> {
  // Each session has its own name, because two instances can have two sessions while the older one ends.
  const name = `${about.runner}/${randomBytes(6).toString('base64url')}`;
  // The token does not authenticate. The server only uses it to recognise a repeated attempt, if its answer to the first one was lost.
  const peer = `the instance at ${address}`;
  const { link, reach } = openSession({ about: { ...about, runner: name }, to: { address, identity }, peer, ...rest });
  try {
    const { instance } = await reach(randomBytes(16).toString('base64url'), signal);
    if (instance !== undefined) return { link, hello: instance };
  } catch (error) {
    link.drop('it could not be reached');
    const text = errorText(error as ServiceError);
    if (otherSecret.test(text))
      throw new FlameError(
        'FLAME_DENIED',
        `it does not trust this instance, or belongs to another app: their secrets or certificates differ (${text})`,
        {
          cause: error,
        },
      );
    throw new FlameError(isRejection(error) ? 'FLAME_DENIED' : 'FLAME_BOOT', signal.aborted ? 'it does not answer' : text, {
      cause: error,
    });
  }
  link.drop('it is not an instance of an app');
  throw new FlameError('FLAME_DENIED', 'it did not identify itself as an instance');
}

/** Error texts of OpenSSL and Node for a certificate that is missing, or that another authority has signed. */
const otherSecret = /certificate|altnames|unknown ca|decrypt error|bad signature/i;
