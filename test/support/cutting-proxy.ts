import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A proxy between a runner and its parent that simulates a bad network: it can drop connections and refuse new ones. */
export class CuttingProxy {
  /** The address to dial instead of the parent's. */
  readonly address: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #near: Set<Socket>;
  readonly #state: { open: boolean; silent: boolean };
  readonly #remove: () => Promise<void>;

  private constructor(
    address: string,
    server: Server,
    sockets: Set<Socket>,
    near: Set<Socket>,
    state: { open: boolean; silent: boolean },
    remove: () => Promise<void>,
  ) {
    this.address = address;
    this.#server = server;
    this.#sockets = sockets;
    this.#near = near;
    this.#state = state;
    this.#remove = remove;
  }

  /** A proxy in front of `unix:/path` or `host:port`, of the same kind. */
  static async before(target: string): Promise<CuttingProxy> {
    const sockets = new Set<Socket>();
    const runners = new Set<Socket>();
    const state = { open: true, silent: false };
    const server = createServer((near) => {
      if (!state.open) return near.destroy();
      runners.add(near);
      near.on('close', () => runners.delete(near));
      const far = target.startsWith('unix:')
        ? connect(target.slice('unix:'.length))
        : connect(Number(target.slice(target.lastIndexOf(':') + 1)), /^127\.[\d.]+/.exec(target)?.[0] ?? '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.on('data', (data) => {
          if (!state.silent && !to.write(data)) from.pause();
        });
        to.on('drain', () => from.resume());
        from.on('error', () => {});
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
      }
    });
    if (!target.startsWith('unix:')) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return new CuttingProxy(`127.0.0.1:${(server.address() as AddressInfo).port}`, server, sockets, runners, state, async () => {});
    }
    const directory = await mkdtemp(join(tmpdir(), 'proxy-'));
    const path = join(directory, 's');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return new CuttingProxy(`unix:${path}`, server, sockets, runners, state, () => rm(directory, { recursive: true, force: true }));
  }

  /** The number of connected sockets, on both sides. */
  get connected(): number {
    return this.#sockets.size;
  }

  /** Drops all connections. New ones are accepted. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Drops all connections, and refuses new ones until `mend`. */
  cut(): void {
    this.#state.open = false;
    this.drop();
  }

  /** Discards the data of existing connections, without closing them. */
  swallow(): void {
    this.#state.silent = true;
  }

  /** Delays the data that runners send until `mend`. The other direction is not affected. */
  holdBack(): void {
    for (const socket of this.#near) socket.pause();
  }

  mend(): void {
    this.#state.open = true;
    this.#state.silent = false;
    for (const socket of this.#near) socket.resume();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.drop();
    await closed;
    await this.#remove();
  }
}
