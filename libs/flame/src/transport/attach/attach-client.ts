import { AsyncResource } from 'node:async_hooks';
import { hostname } from 'node:os';
import type { ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Manifest } from '../../core/manifest.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { ClientPipe } from '../grpc/client-pipe.js';
import type { Destination, OpenPipe } from '../grpc/client-pipe.js';
import { introduce } from './introduce.js';
import { helloPacket, type Welcome } from '../protocol/introduction.js';
import type { Hello, Link } from '../session/link.js';
import { isRefusal, untilReached } from './redial.js';
import { SessionLink } from '../session/session-link.js';
import { SystemClock } from '../session/system-clock.js';

export interface DialOptions {
  /** Where to attach, with which token, pinning which certificate, and for how long to try again. */
  readonly info: Pick<
    ParentInfo,
    'runner' | 'address' | 'certificate' | 'token' | 'reconnectTimeout' | 'maxPayload' | 'sameHost' | 'processes' | 'siblings'
  >;
  readonly manifest: Manifest;
  /** Gives up dialing. A link that was made stays. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Makes a connection; over gRPC when left out. */
  readonly openPipe?: OpenPipe;
}

const overGrpc: OpenPipe = (to, listener) => new ClientPipe(to, listener);

/**
 * Attaches to a parent. While it cannot be reached this tries again for `reconnectTimeout`, as it does whenever the
 * connection breaks later on. A parent on this host that is reached and says nothing is paused: its answer is waited for.
 *
 * @throws {FlameError} FLAME_DENIED with the parent's words when it does not let this runner in; FLAME_BOOT, with gRPC's
 * error as its cause, when it cannot be reached.
 */
export async function dial({ info, manifest, signal, clock = new SystemClock(), openPipe = overGrpc }: DialOptions): Promise<Link> {
  const processes = info.processes === 'auto' ? { processes: 1 + (info.siblings?.length ?? 0) } : undefined;
  const about: Hello = { runner: info.runner, manifest, pid: process.pid, host: hostname(), node: process.versions.node, ...processes };
  const peer = `the parent at ${info.address}`;
  const { link, reach } = session({ ...info, about, to: info, peer, clock, openPipe });
  const late = new AbortController();
  const stopTimer = clock.after(info.reconnectTimeout, () => late.abort(), true);
  const until = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
  try {
    const attemptUntil = info.sameHost ? (signal ?? new AbortController().signal) : until;
    await untilReached(async () => void (await reach(info.token, attemptUntil)), clock, until);
    return link;
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (isRefusal(error)) throw new FlameError('FLAME_DENIED', words(error as ServiceError), { cause: error });
    const message = `${peer} cannot be reached (tried for ${info.reconnectTimeout} ms): ${words(error as ServiceError)}`;
    throw new FlameError('FLAME_BOOT', message, { cause: error });
  } finally {
    stopTimer();
  }
}

/** A session as the end that dials has it. */
export interface DialledSession {
  readonly about: Hello;
  readonly to: Destination;
  /** The other end, for texts. */
  readonly peer: string;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  /** The other end is on this host: however long it takes to confirm the end of the session, it does so while it exists. */
  readonly sameHost?: boolean;
  readonly clock: Clock;
  readonly openPipe?: OpenPipe;
}

/** Makes the link of a session, and what makes its first connection. Whenever the connection breaks later on it dials again. */
export function session({ about, to, peer, reconnectTimeout, maxPayload, sameHost, clock, openPipe = overGrpc }: DialledSession): {
  link: SessionLink;
  reach: (token: string, until: AbortSignal) => Promise<Welcome>;
} {
  const over = new AbortController();
  let key: Uint8Array = new Uint8Array(0);
  const reach = async (token: string, until: AbortSignal): Promise<Welcome> => {
    const hello = helloPacket({ runner: about.runner, token, session: key, received: link.received }, about);
    const welcome = await introduce(openPipe, to, hello, link, until);
    key = welcome.session;
    return welcome;
  };
  const link = new SessionLink({
    peer,
    clock,
    scope: new AsyncResource('FLAMELINK'),
    maxPayload,
    reconnectTimeout,
    closeTimeout: sameHost ? Infinity : reconnectTimeout,
    onEnded: () => over.abort(),
    onSuspended: () => {
      untilReached(async () => void (await reach('', over.signal)), clock, over.signal).catch((error: ServiceError) =>
        link.cut(words(error)),
      );
    },
  });
  return { link, reach };
}

/** gRPC puts the code into the message and the server's words into the details. */
export function words(error: Partial<ServiceError>): string {
  return error.details ?? error.message ?? 'it ended the stream';
}
