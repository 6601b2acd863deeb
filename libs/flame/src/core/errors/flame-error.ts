/** The kinds of failures, for programs. `ran` says separately whether the handler may have run. */
export type FlameErrorCode =
  /** A wrong option, an unknown pool, two handlers with the same name. Thrown at the start; names the option's path and the fix. */
  | 'FLAME_CONFIG'
  /** The pool is draining, or its queue is full. */
  | 'FLAME_REFUSED'
  /** No runner could be booted in time; `cause` is the backend's error. */
  | 'FLAME_BOOT'
  /** A time limit was reached; the message says whether the time was spent waiting, booting or running. */
  | 'FLAME_TIMEOUT'
  /** The caller's signal aborted. */
  | 'FLAME_CANCELLED'
  /** The runner was lost during the call; the message says how. */
  | 'FLAME_LOST'
  /** A value cannot cross between parent and runner; the message names the handler and the value's path. */
  | 'FLAME_ENCODING'
  /** Wrong token, wrong version, unknown handler. */
  | 'FLAME_DENIED';

/** Whether the handler ran: certainly not, perhaps (in part), certainly. */
export type Ran = 'no' | 'maybe' | 'yes';

export const flameErrorCodes: readonly FlameErrorCode[] = [
  'FLAME_CONFIG',
  'FLAME_REFUSED',
  'FLAME_BOOT',
  'FLAME_TIMEOUT',
  'FLAME_CANCELLED',
  'FLAME_LOST',
  'FLAME_ENCODING',
  'FLAME_DENIED',
];

/** The page with a section for each code, which is part of the package. The site's address takes its place when there is one. */
const errorsPage = 'node_modules/nestjs-flame/docs/errors.md';

/**
 * The only error class of nestjs-flame. An error that a handler throws is not a FlameError: it keeps its own class.
 *
 * `code` is for programs, `message` for people, `ran` for deciding whether a retry is safe, and `help` for finding the fix.
 */
export class FlameError extends Error {
  override readonly name = 'FlameError';
  readonly code: FlameErrorCode;
  readonly ran: Ran;
  /** The address of the section about `code`: causes and fixes. An own property, so that loggers print it with the error. */
  readonly help: string;
  /**
   * The handler's result, if the call failed after it: the local replica did not have the writes in time (`awaitReplica`). It is not printed
   * with the error, and stays in this process.
   */
  declare readonly result?: unknown;

  constructor(code: FlameErrorCode, message: string, options: { ran?: Ran; cause?: unknown; result?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    // Up to a dozen functions of this library lie between the app's code and the place where the error is created.
    withDeepStacks(() => Error.captureStackTrace(this, new.target));
    this.code = code;
    this.ran = options.ran ?? 'no';
    this.help = helpFor(code);
    if ('result' in options) Object.defineProperty(this, 'result', { value: options.result });
  }
}

/** The address of the section about a code. */
export function helpFor(code: string): string {
  return `${errorsPage}#${code.toLowerCase()}`;
}

/** Captures stacks of up to 25 functions instead of V8's 10; none if the app has switched stacks off. */
export function withDeepStacks(take: () => void): void {
  const limit = Error.stackTraceLimit;
  if (limit > 0) Error.stackTraceLimit = Math.max(limit, 25);
  take();
  Error.stackTraceLimit = limit;
}
