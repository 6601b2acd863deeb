import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../support/free-port.js';
import { Service } from './service.js';

/** A Redis server of Debian that keeps nothing on disk, on a loopback port. */
export class Redis {
  readonly port: number;
  readonly #folder: string;
  readonly #service: Service;

  static async start(): Promise<Redis> {
    const [port, folder] = [await freePort(), mkdtempSync(join(tmpdir(), 'flame-redis-'))];
    const command = ['redis-server', '--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', '/'];
    return new Redis(port, folder, await Service.start(command, 'redis', /Ready to accept connections/));
  }

  private constructor(port: number, folder: string, service: Service) {
    this.port = port;
    this.#folder = folder;
    this.#service = service;
  }

  async stop(): Promise<void> {
    await this.#service.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
