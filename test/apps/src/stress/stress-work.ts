import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { FlameCall, OnFlame } from 'nestjs-flame';
import { marksFile, readOptions } from './stress-options.js';

const marks = marksFile(readOptions());

/** Handlers of every kind. Each leaves its call's number as a mark, which must not be there twice, and gives it back. */
@Injectable()
export class StressWork {
  @OnFlame('stress')
  async quick(call: number): Promise<number> {
    mark(call);
    return call;
  }

  @OnFlame('stress')
  async slow(call: number, duration: number): Promise<number> {
    mark(call);
    await sleep(duration, undefined, { signal: FlameCall.current()!.signal });
    return call;
  }

  @OnFlame('stress')
  async throws(call: number): Promise<number> {
    mark(call);
    throw new RangeError(`call ${call}`);
  }

  /** Gives back what it got. */
  @OnFlame('stress')
  async large(call: number, bytes: Buffer): Promise<Buffer> {
    mark(call);
    return bytes;
  }

  @OnFlame('stress')
  async *rows(call: number, count: number): AsyncGenerator<number> {
    mark(call);
    for (let row = 0; row < count; row++) {
      if (row % 20 === 19) await sleep(5);
      yield row;
    }
  }

  @OnFlame('stress', { cast: true })
  async cast(call: number): Promise<void> {
    mark(call);
  }

  /** Ends only when its time is up. */
  @OnFlame('stress', { handlerTimeout: 300 })
  async late(call: number): Promise<number> {
    mark(call);
    await sleep(600_000, undefined, { signal: FlameCall.current()!.signal });
    return call;
  }

  /** Blocks its event loop past its deadline, so that its watchdog kills it. */
  @OnFlame('stress', { handlerTimeout: 500 })
  async blocks(call: number): Promise<number> {
    mark(call);
    for (;;);
  }

  /** Takes memory until it is killed for it. */
  @OnFlame('stress')
  async hogs(call: number): Promise<number> {
    mark(call);
    const taken: Buffer[] = [];
    for (;;) {
      taken.push(Buffer.alloc(8 * 1024 * 1024, 1));
      await sleep(1);
    }
  }
}

function mark(call: number): void {
  appendFileSync(marks, `${call}\n`);
}
