import type { Frame } from '../../core/session/frame.js';
import type { Manifest } from '../../core/manifest.js';

/**
 * One end of a session: frames in order, each exactly once, across short cuts of the network. Over a wire, frames of more
 * than 256 KiB are overtaken by others, but never by frames of the same `id`. The gRPC link (`attach-server.ts`,
 * `attach-client.ts`) and its in-memory twin (`memory-link.ts`) keep the same contract.
 */
export interface Link {
  /**
   * Puts a frame on its way. What is sent in one turn of the event loop leaves as one batch. After the link has closed it
   * does nothing. Never throws, never blocks.
   */
  send(frame: Frame): void;
  /** Bytes handed to `send` that have not left yet: what producers of streams look at. */
  readonly backlog: number;
  /** Starts delivery. Frames that came before are kept until then. Called once. */
  open(receiver: LinkReceiver): void;
  /** Ends the session after what was sent has left; idempotent. The other end sees `closed` with the reason. */
  close(reason: string): Promise<void>;
  /**
   * Ends the session at once, for the other end is known to be gone: nobody is left to say goodbye to. What was not sent is dropped.
   * Idempotent.
   */
  drop(reason: string): void;
}

/** Who gets what a link delivers. */
export interface LinkReceiver {
  /** One frame. What it throws ends the session. */
  frame(frame: Frame): void;
  /** The session is over, once, for whatever cause; nothing follows. */
  closed(end: LinkEnd): void;
  /** The connection broke and may come back within `reconnectTimeout`. */
  suspended?(): void;
  /** It came back; nothing was lost or repeated. */
  resumed?(): void;
}

/**
 * Why a session ended: `closed` by this end, `left` by the other end's `close`, `cut` when a broken connection did not
 * come back in time, `violation` when the other end broke the protocol.
 */
export interface LinkEnd {
  readonly how: 'closed' | 'left' | 'cut' | 'violation';
  readonly reason: string;
}

/** What a runner says of itself when it attaches, and what instances of an app say to each other. */
export interface Hello {
  /** The runner's, or the instance's, name. */
  readonly runner: string;
  readonly manifest: Manifest;
  readonly pid: number;
  readonly host: string;
  readonly node: string;
  /** How many processes its machine runs, where the machine decides. */
  readonly processes?: number;
  /** Of instances only: the region, and the version of the app. */
  readonly region?: string;
  readonly app?: string;
}

/** A runner that the parent expects: only the holder of the token may attach, once, as this runner, with this manifest. */
export interface ExpectedRunner {
  readonly runner: string;
  readonly token: string;
  readonly manifest: Manifest;
  /** It runs on the parent's host, so that large values may pass through shared memory. */
  readonly onThisHost?: boolean;
  /** Why a runner that matches otherwise is refused all the same; undefined when it may attach. */
  readonly refusal?: ((hello: Hello) => string | undefined) | undefined;
}

/** A runner that came. */
export interface Attachment {
  readonly link: Link;
  readonly hello: Hello;
}

/**
 * The parent's side of the wire: where runners attach.
 */
export interface AttachServer {
  /**
   * Waits for the ticket's runner.
   *
   * When `signal` aborts, the ticket is withdrawn, so that a runner that comes late is sent away, and the promise rejects
   * with the signal's reason.
   *
   * @throws {FlameError} FLAME_DENIED when the runner came with another protocol, version or set of handlers, or the ticket refuses it.
   */
  expect(ticket: ExpectedRunner, signal: AbortSignal): Promise<Attachment>;
  /** Closes all sessions and stops listening; idempotent. */
  close(): Promise<void>;
}

/** What a runner needs to know to reach the parent. */
export interface ParentAddress {
  /** `unix:/path`, `host:port`, or `memory` for a runner in the parent's process. */
  readonly address: string;
  /** What it pins, PEM; none on a Unix socket. */
  readonly certificate?: string;
}
