import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';
import { burn } from '../burn.js';
import { cpuTime } from '../closed-loop.js';
import { collectAll } from '../full-collection.js';
import { recorded } from './column.js';
import { inSpan } from './observed.js';

/** The handlers of the bench, with as little work as possible. */
@Injectable()
export class EchoService {
  readonly #bodies = new Map<number, Buffer>();

  @OnFlame('process')
  async number(value: number): Promise<number> {
    return recorded === undefined ? value : inSpan('app.work', async () => value);
  }

  @OnFlame('process')
  async bytes(size: number): Promise<Buffer> {
    let body = this.#bodies.get(size);
    if (body === undefined) this.#bodies.set(size, (body = Buffer.alloc(size, 'flame')));
    return body;
  }

  @OnFlame('process')
  async lengthOf(bytes: Buffer): Promise<number> {
    return bytes.length;
  }

  @OnFlame('cpu', { handlerTimeout: 60_000 })
  async work(turns: number): Promise<void> {
    burn(turns);
  }

  /** The runner's CPU time so far. */
  @OnFlame('process')
  async cpu(): Promise<number> {
    return cpuTime();
  }

  @OnFlame('process')
  async age(): Promise<void> {
    collectAll();
  }

  @OnFlame('local')
  async localNumber(value: number): Promise<number> {
    return value;
  }

  /** The pid of the runner that the cold pool has booted for this call. */
  @OnFlame('cold')
  async pid(): Promise<number> {
    return process.pid;
  }
}
