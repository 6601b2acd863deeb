import { FlameError } from '../../core/errors/flame-error.js';
import type { Manifest } from '../../core/manifest.js';
import type { Attachment, ExpectedRunner, Hello, Link } from '../session/link.js';
import { sameSecret } from './same-secret.js';

/**
 * The tickets of the runners that are expected. Each lets one runner in, once, until it is withdrawn: what every door
 * has behind it.
 */
export class PendingAttachments {
  readonly #expected = new Map<string, Expected>();
  #closed = false;

  /** As `Door.expect`. */
  expect(ticket: ExpectedRunner, signal: AbortSignal): Promise<Attachment> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new FlameError('FLAME_REFUSED', `the parent is closing and expects no runner ${ticket.runner}`));
      if (signal.aborted) return reject(signal.reason as Error);
      const withdraw = (): void => {
        this.#settle(ticket.runner);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', withdraw, { once: true });
      const forget = (): void => signal.removeEventListener('abort', withdraw);
      this.#expected.set(ticket.runner, { ticket, resolve, reject, forget });
    });
  }

  /**
   * Takes the ticket of a runner that came. `describe` is not called before its token was found right; `attach` makes its link.
   *
   * @throws {AttachRejected} when it may not come in.
   */
  admit(runner: string, token: string, describe: () => Hello, attach: (onThisHost?: boolean) => Link): Link {
    const expected = this.#expected.get(runner);
    if (expected === undefined || !sameSecret(token, expected.ticket.token)) {
      throw new AttachRejected(
        'unauthenticated',
        `runner ${runner} may not attach: its token is wrong, was used before, or came after bootTimeout, when the parent no longer expected it`,
      );
    }
    this.#settle(runner);
    try {
      const hello = describe();
      const { ticket } = expected;
      const unlike = manifestDifference(runner, hello.manifest, ticket.manifest) ?? ticket.refusal?.(hello);
      if (unlike !== undefined) throw new AttachRejected('unlike', unlike);
      const link = attach(ticket.onThisHost);
      expected.resolve({ link, hello });
      return link;
    } catch (error) {
      expected.reject(new FlameError('FLAME_DENIED', (error as Error).message, { cause: error }));
      throw error;
    }
  }

  /** Withdraws all tickets and gives no more; idempotent. */
  close(): void {
    this.#closed = true;
    for (const { ticket, reject } of this.#expected.values()) {
      this.#settle(ticket.runner);
      reject(new FlameError('FLAME_REFUSED', `the parent closed before runner ${ticket.runner} attached`));
    }
  }

  #settle(runner: string): void {
    this.#expected.get(runner)?.forget();
    this.#expected.delete(runner);
  }
}

interface Expected {
  readonly ticket: ExpectedRunner;
  resolve(attachment: Attachment): void;
  reject(error: unknown): void;
  forget(): void;
}

/** Why a runner is sent away; `message` is for the runner and, when `unlike`, for whoever expects it. */
export class AttachRejected extends Error {
  override readonly name = 'AttachRejected';
  constructor(
    /** `unauthenticated`: its token or key is wrong. `unlike`: it is the right one, but does not match its parent. */
    readonly type: 'unauthenticated' | 'unlike',
    message: string,
  ) {
    super(message);
  }
}

/** Says in what a runner differs from its parent, undefined when they match. */
function manifestDifference(runner: string, ofRunner: Manifest, ofParent: Manifest): string | undefined {
  const differences: string[] = [];
  if (ofRunner.protocol !== ofParent.protocol) {
    differences.push(`it speaks protocol ${ofRunner.protocol}, the parent ${ofParent.protocol}`);
  }
  if (ofRunner.version !== ofParent.version) {
    differences.push(`it has nestjs-flame ${ofRunner.version}, the parent ${ofParent.version}`);
  }
  const onlyRunner = ofRunner.handlers.filter((name) => !ofParent.handlers.includes(name));
  const onlyParent = ofParent.handlers.filter((name) => !ofRunner.handlers.includes(name));
  if (onlyRunner.length > 0) differences.push(`only the runner has ${list(onlyRunner)}`);
  if (onlyParent.length > 0) differences.push(`only the parent has ${list(onlyParent)}`);
  if (differences.length === 0 && ofRunner.digest !== ofParent.digest) {
    differences.push(`its handlers' digest is ${ofRunner.digest}, the parent's ${ofParent.digest}`);
  }
  if (differences.length === 0) return undefined;
  // Of several apps in one script, a runner is the first.
  const otherApp =
    onlyRunner.length > 0 && onlyParent.length > 0
      ? ' Where the script starts several apps with a FlameModule, runners are the first: give the backend of the others an `entry` that starts theirs alone.'
      : '';
  return `runner ${runner} does not match its parent: ${differences.join('; ')}. Run the same build of the app on both sides.${otherApp}`;
}

const mostNamed = 8;

function list(handlers: readonly string[]): string {
  const named = handlers.slice(0, mostNamed).join(', ');
  const more = handlers.length - mostNamed;
  return `the handler${handlers.length > 1 ? 's' : ''} ${named}${more > 0 ? ` and ${more} more` : ''}`;
}
