import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { FlameBackend } from 'nestjs-flame';
import type { BootRequest, Machine } from 'nestjs-flame';
import type { Birth } from './fakes.js';

/** Boots fake runners that consist only of a session, all in one process beside the parent, to measure the cost of a session for the parent. */
export class FakeBackend extends FlameBackend {
  readonly name = 'fake';
  readonly reach = 'host';
  readonly #handlers: readonly string[];
  readonly #process = fork(join(import.meta.dirname, 'fakes.js'));
  readonly #gone = once(this.#process, 'exit').then(() => ({ how: 'exit', code: 0, text: 'the process of the fakes ended' }) as const);

  constructor(handlers: readonly string[]) {
    super();
    this.#handlers = handlers;
  }

  override async boot(request: BootRequest): Promise<Machine> {
    const birth: Birth = { told: await request.flameParent(), handlers: this.#handlers };
    this.#process.send(birth);
    const stop = async (): Promise<void> => {
      if (this.#process.connected) this.#process.disconnect();
      await this.#gone;
    };
    return { id: request.runner, exited: this.#gone, stop };
  }

  override async close(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#gone;
  }
}
