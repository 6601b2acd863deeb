import type { ListenOptions } from 'node:net';
import type { Listener } from './listener.js';
import { openPrivateSocket, type PrivateSocket } from './private-socket.js';

/**
 * In a cluster the primary would listen otherwise: it would give a runner of one worker to another, and wait for runners before a worker
 * may end.
 */
export const alone = { exclusive: true };

/**
 * The private Unix socket on which runners of this host attach. It is made on the first use, and again when it was removed. The
 * `HostListener` owns the socket's folder; the owner of the listener is the code that opens it.
 */
export class HostListener {
  readonly #open: (where: ListenOptions) => Promise<Listener>;
  #listener: Listener | undefined;
  #socket: PrivateSocket | undefined;
  #pending: Promise<string> | undefined;

  constructor(open: (where: ListenOptions) => Promise<Listener>) {
    this.#open = open;
  }

  /** The path of a socket that exists. @throws {FlameError} FLAME_CONFIG when none can be made; the next call tries again. */
  path(): Promise<string> {
    this.#pending ??= this.#find().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  /** Makes the socket again if it was removed, for runners that reconnect. */
  async restore(): Promise<void> {
    // The next boot reports the error.
    if (this.#socket) await this.path().catch(() => undefined);
  }

  /** Removes the socket; the listener has to be closed before. */
  async remove(): Promise<void> {
    await this.#socket?.remove();
  }

  /** Resolves when no attempt to listen is under way. */
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
