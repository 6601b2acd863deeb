import type { ListenOptions } from 'node:net';
import type { Listener } from './listener.js';
import { openPrivateSocket, type PrivateSocket } from './private-socket.js';

/**
 * Without this, the primary process of a cluster listens for its workers: it would pass a runner of one worker to another worker, and would
 * wait for runners before a worker may end.
 */
export const alone = { exclusive: true };

/**
 * The private Unix socket on which runners of this host attach. It is made on first use, and again if it was removed. `HostListener` owns
 * the folder of the socket. The code that opens the listener owns the listener.
 */
export class HostListener {
  readonly #open: (where: ListenOptions) => Promise<Listener>;
  #listener: Listener | undefined;
  #socket: PrivateSocket | undefined;
  #pending: Promise<string> | undefined;

  constructor(open: (where: ListenOptions) => Promise<Listener>) {
    this.#open = open;
  }

  /** Returns the path of a socket that exists. @throws {FlameError} FLAME_CONFIG when none can be made; the next call tries again. */
  path(): Promise<string> {
    this.#pending ??= this.#find().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  /** Makes the socket again if it was removed, for runners that reconnect. */
  async restore(): Promise<void> {
    // The next boot reports the error.
    if (this.#socket) await this.path().catch(() => undefined);
  }

  /** Removes the socket. The listener must be closed before. */
  async remove(): Promise<void> {
    await this.#socket?.remove();
  }

  /** Resolves when no attempt to listen is in progress. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#pending]);
  }

  async #find(): Promise<string> {
    if (!(await this.#socket?.isThere())) this.#socket = await openPrivateSocket((path) => this.#listen(path), this.#socket);
    return this.#socket!.path;
  }

  async #listen(path: string): Promise<void> {
    const where = { path, ...alone };
    if (this.#listener) await this.#listener.listen(where);
    else this.#listener = await this.#open(where);
  }
}
