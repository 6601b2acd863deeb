import { Injectable } from '@nestjs/common';
import { Flame, OnFlame } from 'nestjs-flame';
import { $inline, $method } from 'nestjs-flame/inline';
import { burn } from '../burn.js';
import { cpuTime } from '../closed-loop.js';
import { collectAll } from '../full-collection.js';
import { recorded } from './column.js';
import { inSpan } from './observed.js';

/** The handlers of the bench, with as little work as possible. */
@Injectable()
export class EchoService {
  readonly #bodies = new Map<number, Buffer>();

  constructor(private readonly flame: Flame) {}

  @OnFlame('process')
  async number(value: number): Promise<number> {
    return recorded === undefined ? value : inSpan('app.work', async () => value);
  }

  /** What the compile step writes for `flame.call('process', async () => value)` in a function that uses `this`. */
  [$method('EchoService.inlineNumber/1', 'inline-1', ['value'])](value: number): Promise<number> {
    return (async () => value)();
  }

  inlineNumber(value: number): Promise<number> {
    return this.flame.call(
      'process',
      $inline(
        async () => value,
        'EchoService.inlineNumber/1',
        () => [this, value],
        undefined,
        'inline-1',
      ),
    );
  }

  [$method('EchoService.inlineNumbers/1', 'inline-2', [])](value: number): Promise<number> {
    return (async (value: number) => value)(value);
  }

  inlineNumbers(values: Iterable<number>, concurrency: number): AsyncIterable<number> {
    return this.flame.map(
      'process',
      values,
      $inline(
        async (value: number) => value,
        'EchoService.inlineNumbers/1',
        () => [this],
        undefined,
        'inline-2',
      ),
      { concurrency },
    );
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
