import type { AsyncResource } from 'node:async_hooks';
import { type Server, status } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { AttachRejected } from './pending-attachments.js';
import { asIs, attachPath } from '../grpc/grpc-options.js';
import { type RawHello, readAbout, readHello, welcomePacket } from '../protocol/introduction.js';
import { sameSecret } from './same-secret.js';
import type { Hello, Link } from '../session/link.js';
import { endWith, isCompressed, ServerPipe, type ServerStream } from '../grpc/server-pipe.js';
import { SessionLink } from '../session/session-link.js';
import type { SharedMemory, SharedPlace } from '../session/shared-memory.js';
import { Violation } from '../protocol/protobuf.js';

export interface AttachServiceOptions {
  readonly clock: Clock;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  /** What large values of runners on this host pass through. */
  readonly shared?: SharedMemory | undefined;
  readonly newKey: () => Buffer;
  /** The context in which links deliver. */
  readonly scope: AsyncResource;
  /** The method's path. @default that of `Runners` */
  readonly path?: string;
  /** What those who come are to the one who serves, for texts. @default 'runner' */
  readonly visitor?: 'runner' | 'instance';
  /** Called with the stream over which a peer has authenticated. */
  readonly onAuthenticated?: (stream: ServerStream) => void;
  /** Told that the connection of one who was let in broke. */
  readonly onSuspended?: () => void;
  /** What an instance says of itself to those it lets in. */
  readonly about?: Hello;
}

/** Who may come in. */
export interface Admission {
  /**
   * `describe` is not called before the token was found right; `attach` makes the link.
   *
   * @throws {AttachRejected} for who may not.
   */
  admit(name: string, token: string, describe: () => Hello, attach: (onThisHost?: boolean) => Link): Link;
}

interface RunnerSession {
  readonly key: Buffer;
  readonly link: SessionLink;
  /** What the runner was let in with, until its first word shows that it has the key. */
  token: string | undefined;
  /** What large values may pass through, once the runner has opened it. */
  readonly shared: SharedPlace | undefined;
}

/** How long a stream may stay without having introduced itself. */
const introductionTimeout = 10_000;

/**
 * `flame.v1.Runners/Attach`, or `flame.v1.Instances/Attach`: lets in whom the admission lets in, resumes sessions by their keys, and hands
 * packets to the sessions' links. It owns the sessions.
 */
export class AttachService {
  readonly #admission: Admission;
  readonly #options: AttachServiceOptions;
  /** By the visitor's name. */
  readonly #sessions = new Map<string, RunnerSession>();

  constructor(admission: Admission, options: AttachServiceOptions) {
    this.#admission = admission;
    this.#options = options;
  }

  addTo(server: Server): void {
    const attach = {
      path: this.#options.path ?? attachPath,
      originalName: 'attach',
      requestStream: true,
      responseStream: true,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    server.addService({ Attach: attach }, { Attach: (stream: ServerStream) => this.#attach(stream) });
  }

  /** Closes all sessions; those that have not confirmed it `within` so many milliseconds are dropped. */
  async close(reason: string, within = Infinity): Promise<void> {
    const links = Array.from(this.#sessions.values(), ({ link }) => link);
    const cancel = this.#options.clock.after(within, () => links.forEach((link) => link.drop(reason)));
    await Promise.all(links.map((link) => link.close(reason)));
    cancel();
    this.#options.shared?.close();
  }

  #attach(stream: ServerStream): void {
    // gRPC would inflate it before anybody knows whose it is.
    if (isCompressed(stream)) return endWith(stream, status.UNIMPLEMENTED, 'packets are not compressed');
    let session: { of: RunnerSession; link: SessionLink; pipe: ServerPipe } | undefined;
    let refused = false;
    const refuse = (code: status, details: string): void => {
      refused = true;
      stopTimer();
      endWith(stream, code, details);
    };
    const stopTimer = this.#options.clock.after(introductionTimeout, () => {
      refuse(status.DEADLINE_EXCEEDED, `no hello within ${introductionTimeout} ms`);
    });
    stream.on('data', (packet: Buffer) => {
      if (session !== undefined) {
        session.of.token = undefined;
        return session.link.packet(session.pipe, packet);
      }
      if (refused) return;
      stopTimer();
      try {
        session = this.#introduce(stream, packet);
      } catch (error) {
        refuse(statusOf(error), (error as Error).message);
      }
    });
    const gone = (how: string): void => {
      stopTimer();
      if (session === undefined) stream.end();
      else session.link.broke(session.pipe, how);
    };
    stream.on('end', () => gone(`the ${this.#options.visitor ?? 'runner'} ended the stream`));
    stream.on('cancelled', () => gone('the connection was lost'));
    stream.on('error', () => gone('the stream failed'));
  }

  /** @throws {AttachRejected} and {Violation} */
  #introduce(stream: ServerStream, packet: Buffer): { of: RunnerSession; link: SessionLink; pipe: ServerPipe } {
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
    const { newKey, visitor = 'runner', shared: memory, ...options } = this.#options;
    const { runner, token } = hello;
    const known = this.#sessions.get(runner);
    // Its welcome was lost with its connection, so it knocks again as it did before.
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
    const session = { key, link, token, shared: shared?.place };
    this.#sessions.set(runner, session);
    return session;
  }

  #resume(hello: RawHello): RunnerSession {
    const session = this.#sessions.get(hello.runner);
    if (session !== undefined && sameSecret(hello.session, session.key)) return session;
    throw new AttachRejected(
      'unauthenticated',
      `${this.#options.visitor ?? 'runner'} ${hello.runner} has no session to resume: it is over, or its key is wrong`,
    );
  }
}

function statusOf(error: unknown): status {
  if (error instanceof AttachRejected) return error.type === 'unauthenticated' ? status.UNAUTHENTICATED : status.FAILED_PRECONDITION;
  return error instanceof Violation ? status.INVALID_ARGUMENT : status.INTERNAL;
}
