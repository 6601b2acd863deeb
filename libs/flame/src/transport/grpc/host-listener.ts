import type { ListenOptions } from 'node:net';
import type { Listener } from './listener.js';
import { openPrivateSocket, type PrivateSocket } from './private-socket.js';

/** In a cluster the primary would listen, and hand a runner of one worker to another; it would also wait for runners before it lets a worker go. */
export const alone = { exclusive: true };

/**
 * Where runners on this host attach: a private Unix socket, which is made when it is first asked for, and anew where it is gone. It owns the socket's folder, and
 * whoever gives it the listener owns that.
 */
export class HostListener {
  readonly #open: (where: ListenOptions) => Promise<Listener>;
  #listener: Listener | undefined;
  #socket: PrivateSocket | undefined;
  #looking: Promise<string> | undefined;

  constructor(open: (where: ListenOptions) => Promise<Listener>) {
    this.#open = open;
  }

  /** The path of a socket that is there. @throws {FlameError} FLAME_CONFIG when none can be made; the next call tries again. */
  path(): Promise<string> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Makes the socket anew if it was made before and is gone, for runners that come back. */
  async restore(): Promise<void> {
    // The next boot tells what is in the way.
    if (this.#socket) await this.path().catch(() => undefined);
  }

  /** Removes the socket; the listener has to be closed before. */
  async remove(): Promise<void> {
    await this.#socket?.remove();
  }

  /** Resolves when it is not about to listen. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#looking]);
  }

  async #look(): Promise<string> {
    if (!(await this.#socket?.isThere())) this.#socket = await openPrivateSocket((path) => this.#listen(path), this.#socket);
    return this.#socket!.path;
  }

  async #listen(path: string): Promise<void> {
    const where = { path, ...alone };
    if (this.#listener) await this.#listener.listen(where);
    else this.#listener = await this.#open(where);
  }
}
