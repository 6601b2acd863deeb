import { setInterval as beats, setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { FlameCall, OnFlame } from 'nestjs-flame';
import type { OnFlameStart, OnFlameStop } from 'nestjs-flame';
import { here, mark, WorkService } from './work.service.js';

/** What a counter is started with. */
export interface CounterStart {
  /** Where it leaves marks. */
  file: string;
  from?: number;
  /** Leave a mark every so many milliseconds, until it ends. */
  every?: number;
  fail?: string;
}

/** The conformance suite's child: it counts, and says where it is. */
@Injectable()
export class Counter implements OnFlameStart<CounterStart>, OnFlameStop {
  readonly #work: WorkService;
  #file = '';
  #sum = 0;

  constructor(work: WorkService) {
    this.#work = work;
  }

  async onFlameStart({ file, from = 0, every, fail }: CounterStart): Promise<void> {
    if (fail !== undefined) throw new RangeError(fail);
    this.#file = file;
    this.#sum = from;
    mark(file, 'start');
    if (every !== undefined) void this.#beat(every, FlameCall.current()!.signal);
  }

  /** Being a handler, too, it makes the class one that can be placed. */
  @OnFlame('p')
  async add(more: number): Promise<number> {
    return (this.#sum += more);
  }

  async where(): Promise<{ runner: string; pid: number; place: string; sees: string }> {
    return { runner: FlameCall.current()!.runnerId, pid: process.pid, place: here(), sees: await this.#work.place() };
  }

  async *countTo(end: number): AsyncGenerator<number> {
    for (let n = 1; n <= end; n++) yield n;
  }

  async wait(): Promise<void> {
    await sleep(60_000, undefined, { signal: FlameCall.current()!.signal });
  }

  async finish(reason: string): Promise<string> {
    FlameCall.current()!.end(reason);
    return `sum ${this.#sum}`;
  }

  async crash(code: number): Promise<void> {
    process.exit(code);
  }

  onFlameStop(reason: string): void {
    mark(this.#file, `stop: ${reason}`);
  }

  async #beat(every: number, signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of beats(every, undefined, { signal })) mark(this.#file, 'beat');
    } catch {
      mark(this.#file, 'aborted');
    }
  }
}
