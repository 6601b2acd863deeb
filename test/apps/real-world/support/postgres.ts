import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../support/free-port.js';
import { asUser, Service } from './service.js';

const versions = '/usr/lib/postgresql';

/** A Postgres server of Debian with an empty database, on a loopback port and in a folder of its own. */
export class Postgres {
  readonly url: string;
  readonly #folder: string;
  readonly #service: Service;

  static async start(): Promise<Postgres> {
    const bin = join(versions, readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0]!, 'bin');
    const folder = mkdtempSync(join(tmpdir(), 'flame-postgres-'));
    chmodSync(folder, 0o777);
    const data = join(folder, 'data');
    try {
      const initdb = [join(bin, 'initdb'), '-D', data, '-U', 'app', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
      execFileSync('setpriv', [...asUser('postgres'), ...initdb], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
      const port = await freePort();
      const options = { listen_addresses: '127.0.0.1', port, unix_socket_directories: folder, fsync: 'off' };
      const settings = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const service = await Service.start([join(bin, 'postgres'), '-D', data, ...settings], 'postgres', /ready to accept connections/);
      return new Postgres(`postgres://app@127.0.0.1:${port}/postgres`, folder, service);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      throw error;
    }
  }

  private constructor(url: string, folder: string, service: Service) {
    this.url = url;
    this.#folder = folder;
    this.#service = service;
  }

  /** Ends it without waiting for those who are still connected. */
  async stop(): Promise<void> {
    await this.#service.stop('SIGINT');
    rmSync(this.#folder, { recursive: true });
  }
}
