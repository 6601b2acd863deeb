import { FlameError } from '../../core/errors/flame-error.js';
import type { Attachment, ExpectedRunner, Hello, Link, ServedCode } from '../session/link.js';
import { manifestDifference } from './manifest-difference.js';
import { sameSecret } from './same-secret.js';

/**
 * The runners that a parent expects. Each runner's token is valid for one attachment, until the expectation is withdrawn. Every attach
 * server has its own.
 */
export class PendingAttachments {
  readonly #expected = new Map<string, Pending>();
  #closed = false;

  /** See `AttachServer.expect`. */
  expect(runner: ExpectedRunner, signal: AbortSignal): Promise<Attachment> {
    return new Promise((resolve, reject) => {
      if (this.#closed)
        return reject(new FlameError('FLAME_REFUSED', `the parent is closing, and no longer expects runner ${runner.runner}`));
      if (signal.aborted) return reject(signal.reason as Error);
      const withdraw = (): void => {
        this.#settle(runner.runner);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', withdraw, { once: true });
      const forget = (): void => signal.removeEventListener('abort', withdraw);
      this.#expected.set(runner.runner, { runner, over: new AbortController(), resolve, reject, forget });
    });
  }

  /**
   * Attaches a runner. Checks the token, and only then calls `describe`; `attach` makes the link.
   *
   * @throws {AttachRejected} when the runner may not attach.
   */
  admit(runner: string, token: string, describe: () => Hello, attach: (onThisHost?: boolean) => Link): Link {
    const expected = this.#find(runner, token, 'attach');
    this.#settle(runner);
    try {
      const hello = describe();
      const refusal = expected.offer ? undefined : expected.runner.refusal;
      const mismatch = manifestDifference(runner, hello.manifest, expected.runner.manifest) ?? refusal?.(hello);
      if (mismatch !== undefined) throw new AttachRejected('mismatch', mismatch);
      const link = attach(expected.runner.onThisHost);
      expected.resolve({ link, hello });
      return link;
    } catch (error) {
      expected.reject(new FlameError('FLAME_DENIED', (error as Error).message, { cause: error }));
      throw error;
    }
  }

  /** Lets the machine of an expected runner fetch its code. Has no effect if the runner is not expected. */
  offerCode(runner: string, code: ServedCode): void {
    const expected = this.#expected.get(runner);
    if (expected) expected.offer = { code, over: expected.over.signal, fetches: 0 };
  }

  /** The code of an expected runner; undefined if its machine has it. @throws {AttachRejected} when the token is not that of the runner. */
  codeFor(runner: string, token: string): CodeOffer | undefined {
    return this.#find(runner, token, 'fetch code').offer;
  }

  /** Rejects all expected runners, now and later; idempotent. */
  close(): void {
    this.#closed = true;
    for (const { runner, reject } of this.#expected.values()) {
      this.#settle(runner.runner);
      reject(new FlameError('FLAME_REFUSED', `the parent closed before runner ${runner.runner} attached`));
    }
  }

  #find(runner: string, token: string, what: string): Pending {
    const expected = this.#expected.get(runner);
    if (expected !== undefined && sameSecret(token, expected.runner.token)) return expected;
    throw new AttachRejected(
      'unauthenticated',
      `runner ${runner} may not ${what}: its token is wrong, was already used, or arrived after bootTimeout, when the parent no longer expected it`,
    );
  }

  #settle(runner: string): void {
    const expected = this.#expected.get(runner);
    this.#expected.delete(runner);
    expected?.forget();
    expected?.over.abort();
  }
}

/** The code that a runner's machine may fetch until the runner has attached. */
export interface CodeOffer {
  readonly code: ServedCode;
  /** Aborts when the runner has attached or its boot has ended. */
  readonly over: AbortSignal;
  /** Calls so far. */
  fetches: number;
}

interface Pending {
  readonly runner: ExpectedRunner;
  /** Aborts when the runner is no longer expected. */
  readonly over: AbortController;
  offer?: CodeOffer;
  resolve(attachment: Attachment): void;
  reject(error: unknown): void;
  forget(): void;
}

/** Why a runner may not attach. The runner gets `message`. If `type` is `mismatch`, the pool that expects the runner gets it, too. */
export class AttachRejected extends Error {
  override readonly name = 'AttachRejected';
  constructor(
    /** `unauthenticated`: the token or key is wrong. `mismatch`: it is the expected runner, but it does not match its parent. */
    readonly type: 'unauthenticated' | 'mismatch',
    message: string,
  ) {
    super(message);
  }
}
