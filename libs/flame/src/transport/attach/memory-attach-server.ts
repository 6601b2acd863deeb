import { AsyncResource } from 'node:async_hooks';
import { AttachRejected } from './pending-attachments.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Attachment, AttachServer, Hello, Link, ExpectedRunner } from '../session/link.js';
import { memoryLinks } from '../session/memory-link.js';
import type { MemoryLink } from '../session/memory-link.js';
import { PendingAttachments } from './pending-attachments.js';

/** The in-memory twin of `GrpcAttachServer`: where runners in the parent's own process attach. Tickets and denials are the same. */
export class MemoryAttachServer implements AttachServer {
  readonly #tickets = new PendingAttachments();
  readonly #links = new Set<Link>();
  readonly #scope = new AsyncResource('FLAMEDOOR');

  expect(ticket: ExpectedRunner, signal: AbortSignal): Promise<Attachment> {
    return this.#tickets.expect(ticket, signal);
  }

  /**
   * Attaches a runner and gives it its end of the link, as `dial` does.
   *
   * @throws {FlameError} FLAME_DENIED when it is not let in.
   */
  attach(token: string, hello: Hello): MemoryLink {
    const { parent, runner } = memoryLinks({ scope: this.#scope, onEnded: () => this.#links.delete(parent) });
    try {
      this.#tickets.admit(
        hello.runner,
        token,
        () => hello,
        () => parent,
      );
    } catch (error) {
      if (!(error instanceof AttachRejected)) throw error;
      throw new FlameError('FLAME_DENIED', error.message, { cause: error });
    }
    this.#links.add(parent);
    return runner;
  }

  async close(): Promise<void> {
    this.#tickets.close();
    await Promise.all([...this.#links].map((link) => link.close('the parent is closing')));
  }
}
