import { FlameError } from '../../core/errors/flame-error.js';
import type { Manifest } from '../../core/manifest.js';
import type { Attachment, ExpectedRunner, Hello, Link } from '../session/link.js';
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
      this.#expected.set(runner.runner, { runner, resolve, reject, forget });
    });
  }

  /**
   * Attaches a runner. Checks the token, and only then calls `describe`; `attach` makes the link.
   *
   * @throws {AttachRejected} when the runner may not attach.
   */
  admit(runner: string, token: string, describe: () => Hello, attach: (onThisHost?: boolean) => Link): Link {
    const expected = this.#expected.get(runner);
    if (expected === undefined || !sameSecret(token, expected.runner.token)) {
      throw new AttachRejected(
        'unauthenticated',
        `runner ${runner} may not attach: its token is wrong, was already used, or arrived after bootTimeout, when the parent no longer expected it`,
      );
    }
    this.#settle(runner);
    try {
      const hello = describe();
      const mismatch = manifestDifference(runner, hello.manifest, expected.runner.manifest) ?? expected.runner.refusal?.(hello);
      if (mismatch !== undefined) throw new AttachRejected('mismatch', mismatch);
      const link = attach(expected.runner.onThisHost);
      expected.resolve({ link, hello });
      return link;
    } catch (error) {
      expected.reject(new FlameError('FLAME_DENIED', (error as Error).message, { cause: error }));
      throw error;
    }
  }

  /** Rejects all expected runners, now and later; idempotent. */
  close(): void {
    this.#closed = true;
    for (const { runner, reject } of this.#expected.values()) {
      this.#settle(runner.runner);
      reject(new FlameError('FLAME_REFUSED', `the parent closed before runner ${runner.runner} attached`));
    }
  }

  #settle(runner: string): void {
    this.#expected.get(runner)?.forget();
    this.#expected.delete(runner);
  }
}

interface Pending {
  readonly runner: ExpectedRunner;
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

/** How a runner differs from its parent; undefined when they match. */
function manifestDifference(runner: string, ofRunner: Manifest, ofParent: Manifest): string | undefined {
  const differences: string[] = [];
  if (ofRunner.protocol !== ofParent.protocol) {
    differences.push(`it speaks protocol ${ofRunner.protocol}, the parent ${ofParent.protocol}`);
  }
  if (ofRunner.version !== ofParent.version) {
    differences.push(`it has nestjs-flame ${ofRunner.version}, the parent ${ofParent.version}`);
  }
  const onlyRunner = onlyIn(ofRunner, ofParent);
  const onlyParent = onlyIn(ofParent, ofRunner);
  if (onlyRunner.length > 0) differences.push(`only the runner has ${list(onlyRunner)}`);
  if (onlyParent.length > 0) differences.push(`only the parent has ${list(onlyParent)}`);
  const changed = differences.length === 0 ? otherCode(ofRunner, ofParent) : [];
  if (changed.length > 0) differences.push(`it has other code for ${list(changed)}`);
  if (differences.length === 0 && ofRunner.digest !== ofParent.digest) {
    differences.push(`its handlers' digest is ${ofRunner.digest}, the parent's ${ofParent.digest}`);
  }
  if (differences.length === 0) return undefined;
  // If a script starts several apps, runners are copies of the first app.
  const otherApp =
    onlyRunner.length > 0 && onlyParent.length > 0
      ? " If the script starts several apps with a FlameModule, runners use the first one: set the option `entry` of the other apps' backends to a file that starts only that app."
      : '';
  return `runner ${runner} does not match its parent: ${differences.join('; ')}. Run the same build of the app on both sides.${otherApp}`;
}

function onlyIn(one: Manifest, other: Manifest): string[] {
  const names = new Set(other.handlers);
  return one.handlers.filter((name) => !names.has(name));
}

/** The inline functions whose code differs. Both manifests have the same handlers. */
function otherCode(one: Manifest, other: Manifest): string[] {
  return one.handlers.filter((_, number) => (one.code?.[number] ?? '') !== (other.code?.[number] ?? ''));
}

/** The most handlers that an error names. */
const mostNamed = 8;

function list(handlers: readonly string[]): string {
  const named = handlers.slice(0, mostNamed).join(', ');
  const more = handlers.length - mostNamed;
  return `the handler${handlers.length > 1 ? 's' : ''} ${named}${more > 0 ? ` and ${more} more` : ''}`;
}
