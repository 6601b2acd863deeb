import { Injectable } from '@nestjs/common';
import { Flame, FlameCall, OnFlame } from 'nestjs-flame';
import type { FlameError } from 'nestjs-flame';
import { Counter } from './counter.js';
import { StreamService } from './stream.service.js';
import { mark, WorkService } from './work.service.js';

/** What came of a call, as it can cross. */
export interface Outcome {
  readonly code?: string | undefined;
  readonly ran?: string | undefined;
  readonly message?: string;
  readonly value?: unknown;
}

/** Handlers that call other services with options of their own, in place. */
@Injectable()
export class NestedService {
  constructor(
    private readonly flame: Flame,
    private readonly work: WorkService,
  ) {}

  @OnFlame('p')
  async timed(file: string, timeout: number): Promise<Outcome> {
    return outcome(this.flame.on('p', WorkService, { timeout }).work(file, 60_000));
  }

  /** Aborts the call inside when the caller's signal does, after it has begun. */
  @OnFlame('p')
  async cancelled(file: string, signal: AbortSignal): Promise<Outcome> {
    return outcome(this.flame.on('p', WorkService, { signal }).work(file, 60_000));
  }

  @OnFlame('p')
  async neverStarted(file: string): Promise<Outcome> {
    return outcome(this.flame.on('p', WorkService, { signal: AbortSignal.abort(new Error('gone before')) }).work(file, 1));
  }

  /** How much time the call inside has of `timeout`, where it runs, and what its progress is. */
  @OnFlame('p')
  async seen(timeout: number): Promise<{ left: number; runner: string; own: string; progress: unknown[] }> {
    const progress: unknown[] = [];
    const own = FlameCall.current()!.runnerId;
    const { left, runner } = await this.flame.on('p', NestedService, { timeout, onProgress: (value) => progress.push(value) }).look();
    return { left, runner, own, progress };
  }

  async look(): Promise<{ left: number; runner: string }> {
    const call = FlameCall.current()!;
    call.progress('looking');
    return { left: call.deadline - Date.now(), runner: call.runnerId };
  }

  /** A plain call of a decorated method: a part of this one. */
  @OnFlame('p')
  async plain(file: string): Promise<string> {
    return this.work.work(file, 60_000);
  }

  @OnFlame('p')
  async stream(file: string, timeout: number): Promise<Outcome> {
    return outcome(
      (async () => {
        for await (const item of this.flame.on('p', StreamService, { timeout }).stalls(file)) mark(file, `item ${item}`);
      })(),
    );
  }

  @OnFlame('p')
  async child(file: string): Promise<{ method: Outcome; how: string; reason: string }> {
    const caller = new AbortController();
    const child = await this.flame.placeChild('p', Counter, { file }, { signal: caller.signal });
    const method = await outcome(child.with({ timeout: 50 }).wait());
    caller.abort(new Error('enough'));
    return { method, ...(await child.exited) };
  }
}

function outcome(call: Promise<unknown>): Promise<Outcome> {
  return call.then(
    (value) => ({ value }),
    (error: FlameError) => ({ code: error.code, ran: error.ran, message: error.message }),
  );
}
