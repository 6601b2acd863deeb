import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, NotFoundException } from '@nestjs/common';
import { FlameCall, OnFlame } from 'nestjs-flame';
import { Observable } from 'rxjs';
import { mark } from './work.service.js';

/** Handlers that stream, take streams, follow signals and tell their progress. */
@Injectable()
export class StreamService {
  /** Counts up, with a mark for each number and one at its end. */
  @OnFlame('p')
  async *count(file: string, to: number): AsyncGenerator<number> {
    try {
      for (let i = 1; i <= to; i++) {
        mark(file, `made ${i}`);
        yield i;
      }
    } finally {
      mark(file, 'cleaned');
    }
  }

  @OnFlame('p')
  async *numbers(to: number): AsyncGenerator<Buffer> {
    for (let i = 0; i < to; i++) yield Buffer.from(`${i},`);
  }

  @OnFlame('p')
  ticks(file: string, to: number): Observable<number> {
    return new Observable((subscriber) => {
      for (let i = 1; i <= to; i++) subscriber.next(i);
      if (to !== Infinity) subscriber.complete();
      return () => mark(file, 'cleaned');
    });
  }

  /** Emits as long as somebody listens, and much faster than anybody could take it. */
  @OnFlame('p')
  flood(file: string): Observable<Buffer> {
    return new Observable((subscriber) => {
      const timer = setInterval(() => {
        for (let i = 0; i < 8 && !subscriber.closed; i++) subscriber.next(Buffer.alloc(1 << 20));
      }, 1);
      return () => {
        clearInterval(timer);
        mark(file, 'cleaned');
      };
    });
  }

  @OnFlame('p')
  download(size: number): Readable {
    return Readable.from(chunks(size), { objectMode: false });
  }

  @OnFlame('p')
  web(to: number): ReadableStream<number> {
    return ReadableStream.from(Array.from({ length: to }, (_, i) => i));
  }

  @OnFlame('p')
  async nested(to: number): Promise<{ total: number; parts: AsyncIterable<Buffer>[] }> {
    return { total: to, parts: [this.numbers(to), this.numbers(to)] };
  }

  @OnFlame('p')
  async *breaks(after: number): AsyncGenerator<number> {
    for (let i = 1; i <= after; i++) yield i;
    throw new NotFoundException('no more of them');
  }

  /** Gives one item, then waits for what only its signal can bring. */
  @OnFlame('p')
  async *stalls(file: string): AsyncGenerator<string> {
    const { signal, runnerId } = FlameCall.current()!;
    mark(file, 'begin');
    yield runnerId;
    try {
      await sleep(60_000, undefined, { signal });
    } finally {
      mark(file, `stopped: ${(signal.reason as { code?: string } | undefined)?.code}`);
    }
  }

  @OnFlame('p')
  async *inCall(): AsyncGenerator<number | undefined> {
    for (let i = 0; i < 3; i++) {
      yield FlameCall.current()?.id;
      await sleep(1);
    }
  }

  @OnFlame('p')
  async sum(numbers: AsyncIterable<number>): Promise<number> {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  }

  @OnFlame('p')
  async first(numbers: AsyncIterable<number>): Promise<number | undefined> {
    for await (const number of numbers) return number;
    return undefined;
  }

  @OnFlame('p')
  async hash(file: Readable): Promise<{ size: number; sha256: string }> {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of file) {
      hash.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
    return { size, sha256: hash.digest('hex') };
  }

  @OnFlame('p')
  async *double(numbers: AsyncIterable<number>): AsyncGenerator<number> {
    for await (const number of numbers) yield 2 * number;
  }

  @OnFlame('p')
  async caught(numbers: AsyncIterable<number>): Promise<{ seen: number[]; error: unknown }> {
    const seen: number[] = [];
    try {
      for await (const number of numbers) seen.push(number);
    } catch (error) {
      return { seen, error };
    }
    return { seen, error: undefined };
  }

  @OnFlame('p')
  async until(file: string, given: { signal: AbortSignal }): Promise<unknown> {
    mark(file, 'begin');
    const { signal } = given;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return signal.reason;
  }

  @OnFlame('p')
  async steps(count: number): Promise<string> {
    const call = FlameCall.current()!;
    for (let step = 1; step <= count; step++) {
      call.progress({ step, of: count });
      if (step % 3 === 0) await sleep(1);
    }
    return 'done';
  }
}

function* chunks(size: number): Generator<Buffer> {
  for (let at = 0; at < size; at += 50_000) yield Buffer.alloc(Math.min(50_000, size - at), (at / 50_000) % 251);
}
