import type { AsyncResource } from 'node:async_hooks';
import { type Server, status } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { AttachRejected } from './pending-attachments.js';
import { attachPath } from '../grpc/grpc-options.js';
import { type RawHello, readAbout, readHello, welcomePacket } from '../protocol/introduction.js';
import { sameSecret } from './same-secret.js';
import type { Hello, Link } from '../session/link.js';
import { rawStream } from '../grpc/raw-stream.js';
import { endWith, ServerPipe } from '../grpc/grpc-pipe.js';
import { isCompressed, type ServerStream } from '../grpc/stream-internals.js';
import { SessionLink } from '../session/session-link.js';
import type { SharedMemory, SharedMemoryInfo } from '../session/shared-memory.js';
import { Violation } from '../protocol/protobuf.js';

export interface AttachServiceOptions {
  readonly clock: Clock;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  /** The shared memory for large values of runners on this host. */
  readonly shared?: SharedMemory | undefined;
  readonly newKey: () => Buffer;
  /** The context in which links deliver. */
  readonly scope: AsyncResource;
  /** The path of the gRPC method. @default that of `Runners` */
  readonly path?: string;
  /** The name of the other end in error texts. @default 'runner' */
  readonly peer?: 'runner' | 'instance';
  /** Called with the stream over which a peer has authenticated. */
  readonly onAuthenticated?: (stream: ServerStream) => void;
  /** Called when the connection of an attached peer broke. */
  readonly onSuspended?: () => void;
  /** How an instance describes itself to its callers. */
  readonly about?: Hello;
}

/** Decides which peers may attach. */
export interface Admission {
  /**
   * Admits a peer. Checks its token, and only then calls `describe`; `attach` makes the link.
   *
   * @throws {AttachRejected} when the peer may not attach.
   */
  admit(name: string, token: string, describe: () => Hello, attach: (onThisHost?: boolean) => Link): Link;
}

interface RunnerSession {
  readonly key: Buffer;
  readonly link: SessionLink;
  /** The token with which the runner attached. Undefined after the runner's first packet, which shows that it has the key. */
  token: string | undefined;
  /** The shared memory for large values, used after the runner has opened it. */
  readonly shared: SharedMemoryInfo | undefined;
}

/** Time for a new stream to send its hello, in milliseconds. */
const helloTimeout = 10_000;

/**
 * Serves `flame.v1.Runners/Attach` or `flame.v1.Instances/Attach`. Attaches the peers that the admission accepts, resumes sessions by their
 * keys, and passes packets to the links of the sessions. It owns the sessions.
 */
export class AttachService {
  readonly #admission: Admission;
  readonly #options: AttachServiceOptions;
  /** Sessions by the name of the peer. */
  readonly #sessions = new Map<string, RunnerSession>();

  constructor(admission: Admission, options: AttachServiceOptions) {
    this.#admission = admission;
    this.#options = options;
  }

  addTo(server: Server): void {
    server.addService(
      { Attach: rawStream(this.#options.path ?? attachPath, 'attach') },
      { Attach: (stream: ServerStream) => this.#attach(stream) },
    );
  }

  /** Closes all sessions. After `within` milliseconds it drops the sessions that have not confirmed the close. */
  async close(reason: string, within = Infinity): Promise<void> {
    const links = Array.from(this.#sessions.values(), ({ link }) => link);
    const cancel = this.#options.clock.after(within, () => links.forEach((link) => link.drop(reason)));
    await Promise.all(links.map((link) => link.close(reason)));
    cancel();
    this.#options.shared?.close();
  }

  #attach(stream: ServerStream): void {
    // gRPC would decompress the packet before the peer has authenticated.
    if (isCompressed(stream)) return endWith(stream, status.UNIMPLEMENTED, 'packets are not compressed');
    let session: { of: RunnerSession; link: SessionLink; pipe: ServerPipe } | undefined;
    let rejected = false;
    const reject = (code: status, details: string): void => {
      rejected = true;
      stopTimer();
      endWith(stream, code, details);
    };
    const stopTimer = this.#options.clock.after(helloTimeout, () => {
      reject(status.DEADLINE_EXCEEDED, `no hello within ${helloTimeout} ms`);
    });
    stream.on('data', (packet: Buffer) => {
      if (session !== undefined) {
        session.of.token = undefined;
        return session.link.packet(session.pipe, packet);
      }
      if (rejected) return;
      stopTimer();
      try {
        session = this.#authenticate(stream, packet);
      } catch (error) {
        reject(statusOf(error), (error as Error).message);
      }
    });
    const gone = (how: string): void => {
      stopTimer();
      if (session === undefined) stream.end();
      else session.link.broke(session.pipe, how);
    };
    stream.on('end', () => gone(`the ${this.#options.peer ?? 'runner'} ended the stream`));
    stream.on('cancelled', () => gone('the connection was lost'));
    stream.on('error', () => gone('the stream failed'));
  }

  /** @throws {AttachRejected} when the peer may not attach. @throws {Violation} when the hello is malformed. */
  #authenticate(stream: ServerStream, packet: Buffer): { of: RunnerSession; link: SessionLink; pipe: ServerPipe } {
    const hello = readHello(packet);
    const resumes = hello.session.length > 0;
    const session = resumes ? this.#resume(hello) : this.#begin(hello);
    this.#options.onAuthenticated?.(stream);
    const { key, link } = session;
    const pipe = new ServerPipe(stream);
    const shared = resumes ? undefined : session.shared;
    pipe.write(welcomePacket({ session: key, received: link.received, instance: this.#options.about, shared }), () => {});
    link.connect(pipe, hello.received);
    return { of: session, link, pipe };
  }

  #begin(hello: RawHello): RunnerSession {
    const { newKey, peer: visitor = 'runner', shared: memory, ...options } = this.#options;
    const { runner, token } = hello;
    const known = this.#sessions.get(runner);
    // The welcome was lost with the connection, so the runner attaches again with the same token.
    if (known?.token !== undefined && sameSecret(token, known.token)) return known;
    const key = newKey();
    let shared: ReturnType<SharedMemory['open']>;
    const link = this.#admission.admit(
      runner,
      token,
      () => readAbout(hello),
      (onThisHost) => {
        shared = onThisHost ? memory?.open() : undefined;
        const onEnded = (): void => {
          this.#sessions.delete(runner);
          shared?.unlink();
        };
        return new SessionLink({ ...options, peer: `${visitor} ${runner}`, onEnded, onShort: () => memory?.short() });
      },
    ) as SessionLink;
    if (shared) link.share(shared.files, 'parent');
    const session = { key, link, token, shared: shared?.info };
    this.#sessions.set(runner, session);
    return session;
  }

  #resume(hello: RawHello): RunnerSession {
    const session = this.#sessions.get(hello.runner);
    if (session !== undefined && sameSecret(hello.session, session.key)) return session;
    throw new AttachRejected(
      'unauthenticated',
      `${this.#options.peer ?? 'runner'} ${hello.runner} has no session to resume: the session has ended, or its key is wrong`,
    );
  }
}

function statusOf(error: unknown): status {
  if (error instanceof AttachRejected) return error.type === 'unauthenticated' ? status.UNAUTHENTICATED : status.FAILED_PRECONDITION;
  return error instanceof Violation ? status.INVALID_ARGUMENT : status.INTERNAL;
}
