import type { Frame } from '../../core/session/frame.js';
import type { Manifest } from '../../core/manifest.js';

/**
 * One end of a session. Frames arrive in order, each exactly once, even if the network is cut for a short time. Over the network, other
 * frames may overtake frames of more than 256 KiB, but frames of the same `id` never overtake each other. The gRPC link (`session-link.ts`)
 * and the in-memory link (`memory-link.ts`) keep the same contract.
 */
export interface Link {
  /**
   * Sends a frame. All frames of one turn of the event loop leave as one batch. Has no effect after the link has closed. Never throws,
   * never blocks.
   */
  send(frame: Frame): void;
  /** Bytes of frames that were passed to `send` and have not left yet. Producers of streams wait while it is high. */
  readonly backlog: number;
  /** Starts delivery. Frames that arrive earlier are kept until then. Called once. */
  open(receiver: LinkReceiver): void;
  /** Ends the session after all sent frames have left; idempotent. The receiver of the other end gets `closed` with the reason. */
  close(reason: string): Promise<void>;
  /** Ends the session at once, because the other end is known to be gone. Frames that have not left are dropped. Idempotent. */
  drop(reason: string): void;
}

/** Receives the frames and events of a link. */
export interface LinkReceiver {
  /** Takes one frame. If it throws, the session ends. */
  frame(frame: Frame): void;
  /** The session is over, for any reason. Called once; no other call follows. */
  closed(end: LinkEnd): void;
  /** The connection broke. It may come back within `reconnectTimeout`. */
  suspended?(): void;
  /** The connection is back. No frame was lost or repeated. */
  resumed?(): void;
}

/**
 * Why a session ended: `closed` by this end, `left` by the other end's `close`, `cut` when a broken connection did not come back in time,
 * `violation` when the other end broke the protocol.
 */
export interface LinkEnd {
  readonly how: 'closed' | 'left' | 'cut' | 'violation';
  readonly reason: string;
}

/** Describes a runner when it attaches, or an instance of the app to another instance. */
export interface Hello {
  /** The name of the runner or of the instance. */
  readonly runner: string;
  readonly manifest: Manifest;
  readonly pid: number;
  readonly host: string;
  readonly node: string;
  /** How many processes the machine runs, if the machine decides the number. */
  readonly processes?: number;
  /** Instances only: the region, and the version of the app. */
  readonly region?: string;
  readonly app?: string;
  /** Instances only: it answers calls that ask for the position of the database's log. */
  readonly positions?: boolean;
}

/** A runner that the parent expects. Only the holder of the token may attach, once, as this runner, with this manifest. */
export interface ExpectedRunner {
  readonly runner: string;
  readonly token: string;
  readonly manifest: Manifest;
  /** The runner is on the parent's host, so large values may pass through shared memory. */
  readonly onThisHost?: boolean;
  /** Gives the reason to refuse a runner that matches otherwise; undefined when it may attach. */
  readonly refusal?: ((hello: Hello) => string | undefined) | undefined;
}

/** A runner that has attached. */
export interface Attachment {
  readonly link: Link;
  readonly hello: Hello;
}

/** The server to which runners attach, on the parent's side. */
export interface AttachServer {
  /**
   * Waits for a runner to attach.
   *
   * When `signal` aborts, the token is withdrawn: a runner that comes later is rejected, and the promise rejects with the signal's reason.
   *
   * @throws {FlameError} FLAME_DENIED when the runner has another protocol, version or set of handlers, or when `refusal` gives a reason.
   */
  expect(expected: ExpectedRunner, signal: AbortSignal): Promise<Attachment>;
  /**
   * Lets the machine of an expected runner fetch its code, with the runner's token, until the runner has attached or is no longer expected.
   * The builds of parent and runner are equal then, so `refusal` is not asked.
   */
  serveCode(runner: string, code: ServedCode): Promise<void>;
  /** Closes all sessions and stops listening; idempotent. */
  close(): Promise<void>;
}

/** The code that a runner's machine fetches before it runs the app. */
export interface ServedCode {
  /** The program that fetches the archive and runs the app. */
  loader(): Promise<Uint8Array>;
  /** The size of the archive, in bytes. */
  readonly bytes: number;
  /** Reads at most `length` bytes of the archive. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Called with the number of bytes that were sent so far, from the beginning of the archive on. */
  onSent?(bytes: number): void;
}

/** How a runner reaches its parent. */
export interface ParentAddress {
  /** `unix:/path`, `host:port`, or `memory` for a runner in the parent's process. */
  readonly address: string;
  /** The certificate that the runner pins, PEM; absent for a Unix socket. */
  readonly certificate?: string;
}
