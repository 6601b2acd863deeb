import { setImmediate } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { WorkerHost } from '@nestjs/bullmq';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import type { Job, Worker } from 'bullmq';
import { filter, firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlameError } from '../core/errors/flame-error.js';
import { Flame } from '../nest/flame/flame.service.js';
import { FlameModule } from '../nest/module/flame.module.js';
import { FlameCall } from '../runner/executor/flame-call.js';
import { FlameFaults, FlameTestingModule } from '../testing/index.js';
import { FlameProcessor } from './flame-processor.decorator.js';
import type { FlameJob } from './flame-job.js';

/** What a worker is told, in the place of one that is connected to Redis. */
class ToldWorker {
  readonly told: string[] = [];
  #paused = false;

  set concurrency(value: number) {
    this.told.push(`concurrency ${value}`);
  }

  async run(): Promise<void> {
    this.told.push('run');
  }

  async pause(): Promise<void> {
    this.#paused = true;
    this.told.push('pause');
  }

  async resume(): Promise<void> {
    this.#paused = false;
    this.told.push('resume');
  }

  isPaused(): boolean {
    return this.#paused;
  }
}

type Step = 'report' | 'throw' | 'wait' | 'refuse';

@FlameProcessor('renders', 'films', { concurrency: 5 })
class Renders extends WorkerHost {
  readonly #worker = new ToldWorker();

  override get worker(): Worker {
    return this.#worker as unknown as Worker;
  }

  get told(): string[] {
    return this.#worker.told;
  }

  async process(job: FlameJob<{ step: Step }>): Promise<string> {
    switch (job.data.step) {
      case 'report':
        void job.updateProgress(1);
        void job.log('half');
        void job.updateProgress(2);
        return 'reported';
      case 'throw':
        throw new RangeError('no such film');
      case 'refuse':
        throw new FlameError('FLAME_REFUSED', 'another pool is full', { ran: 'no' });
      case 'wait': {
        const { signal } = FlameCall.current()!;
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
        return 'never';
      }
    }
  }
}

describe('a processor and its pool', () => {
  let app: TestingModule;
  let renders: Renders;
  let stored: string[];

  beforeEach(async () => {
    app = await Test.createTestingModule({
      imports: [FlameTestingModule.forRoot([{ name: 'films', max: 2, maxConcurrency: 2 }])],
      providers: [Renders],
    }).compile();
    await app.init();
    renders = app.get(Renders);
    stored = [];
  });
  afterEach(() => app.close());

  /** As BullMQ calls it. */
  const run = (job: Job, signal?: AbortSignal): Promise<unknown> =>
    Reflect.apply(renders.process, renders, [job, 'token', signal]) as Promise<unknown>;

  const job = (step: Step, more: object = {}): Job =>
    ({
      id: '7',
      data: { step },
      updateProgress: async (progress: number) => {
        await setImmediate();
        stored.push(`progress ${progress}`);
      },
      log: async (row: string) => stored.push(row),
      moveToDelayed: async () => stored.push('delayed'),
      ...more,
    }) as unknown as Job;

  it('starts the worker with as many jobs as the pool has slots, and follows the pool', async () => {
    const pool = app.get(Flame).pool('films');
    expect(renders.told).toEqual(['concurrency 4', 'run']);
    renders.told.length = 0;
    pool.resize({ max: 1 });
    await setImmediate();
    expect(renders.told).toEqual(['concurrency 2', 'pause', 'resume']);
    pool.resize({ max: 9 });
    expect(renders.told.at(-2)).toBe('concurrency 5');
    await setImmediate();
    renders.told.length = 0;
    pool.pause('the database moves');
    pool.resize({ max: 2 });
    await setImmediate();
    expect(renders.told).toEqual(['pause', 'concurrency 4']);
    pool.resume();
    await pool.drain();
    expect(renders.told.slice(2)).toEqual(['resume', 'pause']);
  });

  it('starts the worker of an app whose FlameModule was replaced by one without pools', async () => {
    @Module({})
    class WithoutPools {}
    const test = Test.createTestingModule({ imports: [FlameModule.forRoot([{ name: 'films', max: 1 }])], providers: [Renders] });
    const inPlace = await test.overrideModule(FlameModule).useModule(WithoutPools).compile();
    await inPlace.init();
    expect(inPlace.get(Renders).told).toEqual(['run']);
    await inPlace.close();
  });

  it('stops the worker before anything of the app is closed', async () => {
    await app.close();
    expect(renders.told.slice(2, 3)).toEqual(['pause']);
  });

  it('stores what the runner reports, in order, before the job ends', async () => {
    expect(await run(job('report'))).toBe('reported');
    expect(stored).toEqual(['progress 1', 'half', 'progress 2']);
  });

  it('fails a job whose progress cannot be stored', async () => {
    const updateProgress = async (): Promise<void> => Promise.reject(new Error('no connection'));
    await expect(run(job('report', { updateProgress }))).rejects.toThrow('no connection');
    expect(stored).toEqual([]);
  });

  it('throws what the handler throws, also when that is a FlameError of another call', async () => {
    await expect(run(job('throw'))).rejects.toThrow(RangeError);
    await expect(run(job('refuse'))).rejects.toMatchObject({ name: 'FlameError', message: 'another pool is full' });
    expect(stored).toEqual([]);
  });

  it('puts a job back that found no runner', async () => {
    app.get(FlameFaults).refuseBoot('no quota left', { fatal: true });
    await expect(run(job('report'))).rejects.toMatchObject({ name: 'DelayedError' });
    expect(stored).toEqual(['delayed']);
  });

  it('aborts a job that is cancelled, and does not put it back', async () => {
    const pool = app.get(Flame).pool('films');
    for (const type of ['call-waiting', 'call-started']) {
      const controller = new AbortController();
      const begun = firstValueFrom(pool.events$.pipe(filter((event) => event.type === type)));
      // The pool's events are subscribed to in a microtask.
      await setImmediate();
      if (type === 'call-waiting') pool.pause();
      const cancelled = run(job('wait'), controller.signal);
      await begun;
      controller.abort();
      await expect(cancelled).rejects.toMatchObject({ code: 'FLAME_CANCELLED' });
      pool.resume();
    }
    expect(stored).toEqual([]);
  });
});
