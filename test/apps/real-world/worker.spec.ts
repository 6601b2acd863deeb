import Bull from 'bull';
import { Queue, QueueEvents } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Redis } from './support/redis.js';
import { RunningApp } from './support/running-app.js';

interface Done {
  readonly order: number;
  readonly renderedBy: number;
  readonly consumedBy: number;
}

const orders = Array.from({ length: 12 }, (_, order) => ({ order }));

describe('a worker of BullMQ and Bull queues, created with createApplicationContext', () => {
  let redis: Redis;
  let app: RunningApp;
  let connection: { host: string; port: number };

  beforeAll(async () => {
    redis = await Redis.start();
    connection = { host: '127.0.0.1', port: redis.port };
    app = new RunningApp('worker/main.js', { REDIS_PORT: String(redis.port) });
    await app.line(/^Worker \d+ consumes jobs/);
  });
  afterAll(async () => {
    await app?.stop();
    await redis?.stop();
  });

  it('stops a runner when the entry has created its context: later consumers start in the parent only', async () => {
    const done = await ofBullMq('orders');
    expect(done.map(({ order }) => order)).toEqual(orders.map(({ order }) => order));
    expect(new Set(done.map(({ consumedBy }) => consumedBy)), app.output).toEqual(new Set([app.pid]));
    expect(new Set(done.map(({ renderedBy }) => renderedBy)).has(app.pid)).toBe(false);
    expect(
      app.lines.filter((line) => /consumes jobs/.test(line)),
      app.output,
    ).toHaveLength(1);
  });

  it('leaves the jobs of processors in unlessRunner to the parent, for BullMQ and for Bull', async () => {
    for (const done of [await ofBullMq('mails'), await ofBull('portfolio-snapshots')]) {
      expect(done).toHaveLength(orders.length);
      expect(new Set(done.map(({ consumedBy }) => consumedBy)), app.output).toEqual(new Set([app.pid]));
    }
    expect(app.output).not.toMatch(/consumes a queue/);
  });

  it('names the queue consumers of a runner, of BullMQ and of Bull', async () => {
    const careless = new RunningApp('worker/main.js', { REDIS_PORT: String(redis.port), CONSUMERS: 'everywhere' });
    try {
      await careless.line(/consumes a queue \(MailProcessor\)/);
      await careless.line(/consumes a queue \(portfolio-snapshots: SnapshotProcessor\.compute\)/);
    } finally {
      await careless.stop();
    }
  });

  async function ofBullMq(name: string): Promise<Done[]> {
    const [queue, events] = [new Queue(name, { connection }), new QueueEvents(name, { connection })];
    try {
      await events.waitUntilReady();
      const jobs = await queue.addBulk(orders.map((data) => ({ name: 'render', data })));
      const done = await Promise.all(jobs.map((job) => job.waitUntilFinished(events) as Promise<Done>));
      // Who waits for jobs, by the queue's own books.
      expect(await queue.getWorkersCount(), app.output).toBe(1);
      return done;
    } finally {
      await events.close();
      await queue.close();
    }
  }

  async function ofBull(name: string): Promise<Done[]> {
    const queue = new Bull<{ order: number }>(name, { redis: connection });
    try {
      const jobs = await queue.addBulk(orders.map((data) => ({ name: 'compute', data })));
      const done = await Promise.all(jobs.map((job) => job.finished() as Promise<Done>));
      expect(await queue.getWorkers(), app.output).toHaveLength(1);
      return done;
    } finally {
      await queue.close();
    }
  }
});
