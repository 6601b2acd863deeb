import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Redis } from './support/redis.js';
import { RunningApp } from './support/running-app.js';

interface Frame {
  readonly film: string;
  readonly frame: number;
  readonly renderedBy: number;
}

interface Client {
  on(event: 'frame', listener: (frame: Frame) => void): this;
  emitWithAck<T>(event: string, data: string): Promise<T>;
  close(): void;
}

describe('two instances of an app with the Redis adapter of socket.io', () => {
  let redis: Redis;
  let apps: RunningApp[] = [];
  const clients: Client[] = [];

  beforeAll(async () => {
    redis = await Redis.start();
    apps = await Promise.all([1, 2].map(() => RunningApp.serving('rooms/main.js', { REDIS_PORT: String(redis.port) })));
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(apps.map((app) => app.stop()));
    await redis?.stop();
  });

  function connect(app: RunningApp): Client {
    const { io } = createRequire(join(inject('realWorld'), 'package.json'))('socket.io-client') as {
      io: (url: string, options: object) => Client;
    };
    const client = io(app.url, { transports: ['websocket'], forceNew: true, ackTimeout: 20_000, retries: 0 });
    clients.push(client);
    return client;
  }

  it('deliver what a runner of one emits to the followers at the other, and to nobody else', async () => {
    const [follower, stranger, caller] = [connect(apps[0]!), connect(apps[0]!), connect(apps[1]!)];
    const frames: Frame[] = [];
    const toOthers: Frame[] = [];
    const last = new Promise<void>((resolve) => {
      follower.on('frame', (frame) => {
        frames.push(frame);
        if (frame.frame === 3) resolve();
      });
    });
    for (const other of [stranger, caller]) other.on('frame', (frame) => toOthers.push(frame));
    expect(await follower.emitWithAck('follow', 'film 7')).toBe('film 7');
    expect(await stranger.emitWithAck('follow', 'film 8')).toBe('film 8');

    const { renderedBy } = await caller.emitWithAck<{ renderedBy: number }>('render', 'film 7');
    await last;
    expect(frames).toEqual([1, 2, 3].map((frame) => ({ film: 'film 7', frame, renderedBy })));
    expect(apps.map(({ pid }) => pid)).not.toContain(renderedBy);
    // Whatever was sent to them has arrived before this answer of the same connection.
    await Promise.all([stranger.emitWithAck('follow', 'film 8'), caller.emitWithAck('follow', 'film 8')]);
    expect(toOthers).toEqual([]);
  });
});
