import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { propagation, trace } from '@opentelemetry/api';
import { Flame, FlameCall, OnFlame } from 'nestjs-flame';
import { $inline, $method } from 'nestjs-flame/inline';

import { spans } from './spans.js';

/** A child, whose method has a span of its own. */
@Injectable()
export class Shelf {
  #books: string[] = [];

  async onFlameStart(books: string[]): Promise<void> {
    this.#books = books;
  }

  async count(): Promise<number> {
    return trace.getTracer('app').startActiveSpan('app.count', (span) => {
      span.end();
      return this.#books.length;
    });
  }
}

/** What the tests of health, numbers, logs and traces let runners do. */
@Injectable()
export class WorkService {
  readonly #logger = new Logger('Work');

  constructor(private readonly flame: Flame) {}

  @OnFlame('work')
  async echo(value: string): Promise<string> {
    return value;
  }

  /** What the call brought along, under a span of the handler's own. */
  @OnFlame('work')
  async tenant(): Promise<string | undefined> {
    return trace.getTracer('app').startActiveSpan('app.work', (span) => {
      span.end();
      return propagation.getActiveBaggage()?.getEntry('tenant')?.value;
    });
  }

  // What the compile step writes for `flame.map('work', items, async (item) => this.half(item))`.
  [$method('WorkService.halves/1', 'halves-1', [])](item: number): unknown {
    return this.half(item);
  }

  /** Half of an even number and of the next one. Odd numbers fail. */
  async halves(number: number): Promise<number[]> {
    const halves: number[] = [];
    const results = this.flame.map(
      'work',
      [number, number + 2],
      $inline(
        async (item: number) => this.half(item),
        'WorkService.halves/1',
        () => [this],
        undefined,
        'halves-1',
      ),
    );
    for await (const half of results) halves.push(half);
    return halves;
  }

  /** Places a child, and calls its method. */
  async shelf(): Promise<number> {
    await using child = await this.flame.placeChild('work', Shelf, ['one', 'two']);
    return await child.api.count();
  }

  async half(item: number): Promise<number> {
    trace.getTracer('app').startSpan('app.work').end();
    if (item % 2 === 1) throw new RangeError(`${item} is odd`);
    return item / 2;
  }

  @OnFlame('work')
  async spans(): Promise<unknown[]> {
    return spans();
  }

  @OnFlame('work')
  async fail(): Promise<void> {
    throw new Error('it failed on purpose');
  }

  @OnFlame('work', { handlerTimeout: 120_000 })
  async sleep(time: number): Promise<void> {
    await setTimeout(time, undefined, { signal: FlameCall.current()?.signal });
  }

  @OnFlame('work')
  async block(time: number): Promise<void> {
    const until = performance.now() + time;
    while (performance.now() < until);
  }

  /** Logs that many lines. */
  @OnFlame('work')
  async log(lines: number): Promise<void> {
    for (let line = 1; line <= lines; line++) this.#logger.warn(`line ${line} of ${lines}`);
  }

  @OnFlame('work')
  async printMany(lines: number): Promise<void> {
    for (let line = 1; line <= lines; line++) process.stdout.write(`printed line ${line}\n`);
  }

  @OnFlame('work')
  async print(text: string): Promise<void> {
    process.stdout.write(`${text}\n`);
  }
}
