import { once } from 'node:events';
import { Job, Queue, QueueEvents } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/process-table.js';
import { Redis } from './support/redis.js';
import { RunningApp } from './support/running-app.js';

interface Progress {
  readonly pid: number;
  readonly frame: number;
}

describe('an app whose jobs run on a pool, with @FlameProcessor', () => {
  let redis: Redis;
  let app: RunningApp;
  let renders: Queue;
  let payments: Queue;
  let events: { renders: QueueEvents; payments: QueueEvents };
  const stalled: string[] = [];

  beforeAll(async () => {
    redis = await Redis.start();
    const connection = { host: '127.0.0.1', port: redis.port };
    renders = new Queue('renders', { connection });
    payments = new Queue('payments', { connection });
    events = { renders: new QueueEvents('renders', { connection }), payments: new QueueEvents('payments', { connection }) };
    events.renders.on('stalled', ({ jobId }) => stalled.push(jobId));
    await Promise.all([events.renders.waitUntilReady(), events.payments.waitUntilReady()]);
    app = await start();
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([renders?.close(), payments?.close(), events?.renders.close(), events?.payments.close()]);
    await redis?.stop();
  });

  async function start(env: Record<string, string> = {}): Promise<RunningApp> {
    const app = new RunningApp('bullmq/main.js', { REDIS_PORT: String(redis.port), ...env });
    await app.line(/^Worker \d+ consumes jobs/);
    return app;
  }

  const film = (title: string, frames: number, opts = {}): Promise<Job> => renders.add('render', { title, frames }, opts);

  /** The next progress of a job. */
  async function progressOf(events: QueueEvents, job: Job): Promise<Progress> {
    for (;;) {
      const [{ jobId, data }] = (await once(events as never, 'progress')) as [{ jobId: string; data: Progress }];
      if (jobId === job.id) return data;
    }
  }

  it('takes as many jobs as the pool has slots: the others wait in Redis, and runners have no workers', async () => {
    const jobs = await Promise.all([15, 15, 1, 1].map((frames, number) => film(`film ${number}`, frames)));
    const [{ data }] = (await once(events.renders as never, 'progress')) as [{ data: Progress }];
    expect(await renders.getJobCounts('active', 'waiting'), app.output).toEqual({ active: 2, waiting: 2 });
    expect(data.pid).not.toBe(app.pid);
    // By CLIENT LIST: each worker names its connection after its queue.
    expect([await renders.getWorkersCount(), await payments.getWorkersCount()]).toEqual([1, 1]);

    const films = await Promise.all(jobs.map((job) => job.waitUntilFinished(events.renders) as Promise<string>));
    expect(films).toEqual(['film 0.mp4', 'film 1.mp4', 'film 2.mp4', 'film 3.mp4']);
    const { logs } = await renders.getJobLogs(jobs[0]!.id!);
    expect(logs).toEqual([expect.stringMatching(/^rendered by process \d+$/)]);
    expect(await Job.fromId(renders, jobs[3]!.id!)).toMatchObject({ progress: { frame: 1 } });
  });

  it('keeps the lock of a job for longer than lockDuration', async () => {
    const job = await film('long', 25);
    expect(await job.waitUntilFinished(events.renders), app.output).toBe('long.mp4');
    expect(stalled).toEqual([]);
    expect(await Job.fromId(renders, job.id!)).toMatchObject({ attemptsMade: 1, attemptsStarted: 1 });
  });

  it('repeats an idempotent job at once when its runner is killed, with one result and without the loss of an attempt', async () => {
    const completed: string[] = [];
    events.renders.on('completed', ({ jobId }) => completed.push(jobId));
    const job = await film('twice', 15);
    const { pid } = await progressOf(events.renders, job);
    process.kill(pid, 'SIGKILL');
    expect(await job.waitUntilFinished(events.renders), app.output).toBe('twice.mp4');
    const { logs } = await renders.getJobLogs(job.id!);
    expect(logs).toHaveLength(2);
    expect(new Set(logs).size).toBe(2);
    expect(completed.filter((id) => id === job.id)).toHaveLength(1);
    expect(await Job.fromId(renders, job.id!)).toMatchObject({ attemptsMade: 1, attemptsStarted: 1 });
  });

  it('counts a lost runner as a failed attempt of any other job', async () => {
    const once = await payments.add('pay', { frames: [100] });
    process.kill((await progressOf(events.payments, once)).pid, 'SIGKILL');
    await expect(once.waitUntilFinished(events.payments)).rejects.toThrow(/PaymentsProcessor\.process.*SIGKILL/);

    const twice = await payments.add('pay', { frames: [100, 0] }, { attempts: 2 });
    process.kill((await progressOf(events.payments, twice)).pid, 'SIGKILL');
    expect(await twice.waitUntilFinished(events.payments), app.output).toEqual({ attempt: 1 });
  });

  it('fails a job for good when its handler throws UnrecoverableError', async () => {
    const job = await payments.add('pay', { frames: [] }, { attempts: 3 });
    await expect(job.waitUntilFinished(events.payments), app.output).rejects.toThrow('there is nothing to pay for');
    expect(await Job.fromId(payments, job.id!)).toMatchObject({ attemptsMade: 1 });
  });

  it('has a job of a killed app done by the next one, when its lock has expired', async () => {
    const job = await film('survivor', 15);
    await progressOf(events.renders, job);
    const killed = app;
    killed.process.kill('SIGKILL');
    app = await start();
    expect(await job.waitUntilFinished(events.renders), app.output).toBe('survivor.mp4');
    expect(stalled).toEqual([job.id]);
    await until(() => killed.processes.length === 0, AbortSignal.timeout(20_000));
  });

  it('gives a job back to its queue when the app closes in the middle of it, and the next app completes it', async () => {
    const long = await film('long', 300);
    await progressOf(events.renders, long);
    // It ends within the pool's shutdownTimeout of 5 seconds, and not before the app is told to close.
    const short = await film('short', 20);
    await progressOf(events.renders, short);
    const waiting = await film('waiting', 1);
    await app.stop();
    const states = await Promise.all([short, long, waiting].map((job) => job.getState()));
    expect(states, app.output).toEqual(['completed', 'waiting', 'waiting']);
    expect(await Job.fromId(renders, long.id!)).toMatchObject({ attemptsMade: 0 });

    app = await start({ FRAME_TIME: '1' });
    expect(await long.waitUntilFinished(events.renders), app.output).toBe('long.mp4');
    expect(await waiting.waitUntilFinished(events.renders), app.output).toBe('waiting.mp4');
    expect(await renders.getFailedCount()).toBe(0);
  });
});
