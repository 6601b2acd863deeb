import { AsyncResource } from 'node:async_hooks';
import { AttachRejected } from './pending-attachments.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Attachment, AttachServer, Hello, Link, ExpectedRunner } from '../session/link.js';
import { memoryLinks } from '../session/memory-link.js';
import type { MemoryLink } from '../session/memory-link.js';
import { PendingAttachments } from './pending-attachments.js';

/** `GrpcAttachServer` for runners in the parent's own process, with the same tokens and rejections. */
export class MemoryAttachServer implements AttachServer {
  readonly #pending = new PendingAttachments();
  readonly #links = new Set<Link>();
  readonly #scope = new AsyncResource('FLAMEATTACH');

  expect(expected: ExpectedRunner, signal: AbortSignal): Promise<Attachment> {
    return this.#pending.expect(expected, signal);
  }

  /**
   * Attaches a runner and gives it its end of the link, as `dial` does.
   *
   * @throws {FlameError} FLAME_DENIED when the runner is rejected.
   */
  attach(token: string, hello: Hello): MemoryLink {
    const { parent, runner } = memoryLinks({ scope: this.#scope, onEnded: () => this.#links.delete(parent) });
    try {
      this.#pending.admit(
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

  /** A runner in this process has its code. */
  async serveCode(): Promise<void> {}

  async close(): Promise<void> {
    this.#pending.close();
    await Promise.all([...this.#links].map((link) => link.close('the parent is closing')));
  }
}
