import { FlameError } from '../../core/errors/flame-error.js';
import { AttachRejected, difference } from './attach-rejected.js';
import type { Attachment, Hello, Link, ExpectedRunner } from '../session/link.js';
import { sameSecret } from './secret.js';

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
        'stranger',
        `runner ${runner} may not attach: its token is wrong, was used before, or came after bootTimeout, when the parent no longer expected it`,
      );
    }
    this.#settle(runner);
    try {
      const hello = describe();
      const { ticket } = expected;
      const unlike = difference(runner, hello.manifest, ticket.manifest) ?? ticket.refusal?.(hello);
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
