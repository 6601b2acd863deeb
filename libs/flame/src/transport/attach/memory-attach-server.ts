import { AsyncResource } from 'node:async_hooks';
import { Denial } from './attach-rejected.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Attachment, Door, Hello, Link, Ticket } from '../session/link.js';
import { memoryLinks } from '../session/memory-link.js';
import type { MemoryLink } from '../session/memory-link.js';
import { TicketOffice } from './pending-attachments.js';

/** The in-memory twin of `GrpcDoor`: where runners in the parent's own process attach. Tickets and denials are the same. */
export class MemoryDoor implements Door {
  readonly #tickets = new TicketOffice();
  readonly #links = new Set<Link>();
  readonly #scope = new AsyncResource('FLAMEDOOR');

  expect(ticket: Ticket, signal: AbortSignal): Promise<Attachment> {
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
      if (!(error instanceof Denial)) throw error;
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
