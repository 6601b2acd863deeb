import { AsyncResource } from 'node:async_hooks';
import { hostname } from 'node:os';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Manifest } from '../../core/manifest.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { ClientPipe, type Destination, type OpenPipe } from '../grpc/grpc-pipe.js';
import { helloPacket, readWelcome, type Welcome } from '../protocol/introduction.js';
import { ackPacket } from '../protocol/packet-writer.js';
import type { Hello, Link } from '../session/link.js';
import { SessionLink } from '../session/session-link.js';
import { joinShared } from '../session/shared-memory.js';
import { SystemClock } from '../../system/system-clock.js';

export interface DialOptions {
  /** The parent's address and certificate, the token, and how long to retry. */
  readonly info: Pick<
    ParentInfo,
    'runner' | 'address' | 'certificate' | 'token' | 'reconnectTimeout' | 'maxPayload' | 'sameHost' | 'processes' | 'siblings'
  >;
  readonly manifest: Manifest;
  /** Stops the attempts to connect. Does not end an established link. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Opens a connection; over gRPC if left out. */
  readonly openPipe?: OpenPipe;
}

const overGrpc: OpenPipe = (to, listener) => new ClientPipe(to, listener);

/**
 * Attaches to a parent. While the parent cannot be reached, tries again for `reconnectTimeout`, now and whenever the connection breaks
 * later. If a parent on this host accepts the connection and does not answer, it is paused: the attempt then waits for its answer.
 *
 * @throws {FlameError} FLAME_DENIED with the parent's reason when it rejects this runner; FLAME_BOOT, with gRPC's error as the cause, when
 * the parent cannot be reached.
 */
export async function dial({ info, manifest, signal, clock = new SystemClock(), openPipe = overGrpc }: DialOptions): Promise<Link> {
  const processes = info.processes === 'auto' ? { processes: 1 + (info.siblings?.length ?? 0) } : undefined;
  const about: Hello = { runner: info.runner, manifest, pid: process.pid, host: hostname(), node: process.versions.node, ...processes };
  const peer = `the parent at ${info.address}`;
  const { link, reach: connect } = openSession({ ...info, about, to: info, peer, clock, openPipe });
  const late = new AbortController();
  const stopTimer = clock.after(info.reconnectTimeout, () => late.abort(), true);
  const until = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
  try {
    const attemptUntil = info.sameHost ? (signal ?? new AbortController().signal) : until;
    await retryConnect(async () => void (await connect(info.token, attemptUntil)), clock, until);
    return link;
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (isRejection(error)) throw new FlameError('FLAME_DENIED', errorText(error as ServiceError), { cause: error });
    const message = `${peer} cannot be reached (tried for ${info.reconnectTimeout} ms): ${errorText(error as ServiceError)}`;
    throw new FlameError('FLAME_BOOT', message, { cause: error });
  } finally {
    stopTimer();
  }
}

/** A session at the end that opens the connections. */
export interface DialledSession {
  readonly about: Hello;
  readonly to: Destination;
  /** The name of the other end in error texts. */
  readonly peer: string;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  /** The other end is on this host. It confirms the end of the session as long as it exists, so closing waits without a limit. */
  readonly sameHost?: boolean;
  readonly clock: Clock;
  readonly openPipe?: OpenPipe;
}

/**
 * Makes the link of a session and the function that opens its first connection. When the connection breaks later, the link opens a new one.
 */
export function openSession({ about, to, peer, reconnectTimeout, maxPayload, sameHost, clock, openPipe = overGrpc }: DialledSession): {
  link: SessionLink;
  reach: (token: string, until: AbortSignal) => Promise<Welcome>;
} {
  const over = new AbortController();
  let key: Uint8Array = new Uint8Array(0);
  const reach = async (token: string, until: AbortSignal): Promise<Welcome> => {
    const hello = helloPacket({ runner: about.runner, token, session: key, received: link.received }, about);
    const welcome = await exchangeHello(openPipe, to, hello, link, until);
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
      retryConnect(async () => void (await reach('', over.signal)), clock, over.signal).catch((error: ServiceError) =>
        link.cut(errorText(error)),
      );
    },
  });
  return { link, reach };
}

/** The server's text. gRPC has it in `details`; `message` also includes the status code. */
export function errorText(error: Partial<ServiceError>): string {
  return error.details ?? error.message ?? 'it ended the stream';
}

/**
 * Opens a connection to a parent or an instance, sends the hello and waits for the welcome. Then the link owns the connection. Rejects with
 * gRPC's error when no welcome comes, or when `signal` aborts before.
 */
function exchangeHello(
  openPipe: OpenPipe,
  destination: Destination,
  hello: Buffer,
  link: SessionLink,
  signal: AbortSignal,
): Promise<Welcome> {
  return new Promise((resolve, reject) => {
    let welcome: Welcome | undefined;
    const pipe = openPipe(destination, {
      packet: (packet) => {
        if (welcome !== undefined) return link.packet(pipe, packet);
        try {
          welcome = readWelcome(packet);
        } catch (error) {
          reject(error as Error);
          return pipe.destroy('it sent no welcome');
        }
        signal.removeEventListener('abort', stop);
        resolve(welcome);
        // This tells the parent that the welcome arrived. It no longer accepts the token then.
        pipe.write(ackPacket(link.received), () => {});
        // Without a delay: the packets after the welcome may have arrived already.
        const shared = welcome.shared && joinShared(welcome.shared);
        if (shared) link.share(shared, 'runner');
        link.connect(pipe, welcome.received);
      },
      gone: (error) => {
        signal.removeEventListener('abort', stop);
        if (welcome !== undefined) link.broke(pipe, error?.details ?? 'it ended the stream');
        else reject(error ?? new Error('it ended the stream without a welcome'));
      },
    });
    const stop = (): void => pipe.destroy('the attempt was aborted');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    pipe.write(hello, () => {});
  });
}

/** Pauses between attempts, in milliseconds. They start with `firstPause` and double up to `longestPause`. */
const firstPause = 25;
const longestPause = 400;

/** True if the parent has rejected the runner for good. */
export function isRejection(error: unknown): boolean {
  const { code } = error as Partial<ServiceError>;
  return code !== undefined && rejections.has(code);
}

const rejections = new Set<status>([
  status.UNAUTHENTICATED,
  status.FAILED_PRECONDITION,
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
]);

/**
 * Repeats `attempt`, with pauses, until one succeeds, the parent rejects the runner, or `signal` aborts. Rejects with the error of the last
 * attempt that `signal` did not interrupt.
 */
async function retryConnect(attempt: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  let last: unknown;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw last ?? error;
      if (isRejection(error)) throw error;
      last = error;
      await wait(pause, clock, signal);
      if (signal.aborted) throw error;
    }
  }
}

/** Waits. Its timer keeps the process alive, because nothing else does so between two connections. */
function wait(pause: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(pause, done, true);
    signal.addEventListener('abort', done, { once: true });
  });
}
