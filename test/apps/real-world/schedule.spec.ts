import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/process-table.js';
import { Redis } from './support/redis.js';
import { RunningApp } from './support/running-app.js';

describe('two instances of an app with a cron job of @nestjs/schedule', () => {
  let redis: Redis;
  let apps: RunningApp[];

  beforeAll(async () => {
    redis = await Redis.start();
    const env = { REDIS_PORT: String(redis.port), REPORTS_CRON: '* * * * * *' };
    apps = [new RunningApp('schedule/main.js', env), new RunningApp('schedule/main.js', env)];
  });
  afterAll(async () => {
    await Promise.all(apps?.map((app) => app.stop()) ?? []);
    await redis?.stop();
  });

  /** What the pattern's groups matched in each line of both. */
  const printed = (pattern: RegExp): string[][] =>
    apps.flatMap(({ lines }) => lines.map((line) => pattern.exec(line)?.slice(1) ?? []).filter((found) => found.length > 0));

  it('run it once each time, on a runner, and in no runner by itself', async () => {
    const fired = (): string[] => printed(/fired in (\d+)$/).flat();
    const built = (): string[][] => printed(/^report until (\S+) built by (\d+)$/);
    const parents = apps.map(({ pid }) => String(pid));
    await until(() => built().length >= 3 && parents.every((pid) => fired().includes(pid)), AbortSignal.timeout(30_000));

    const times = built().map(([time]) => time);
    expect(new Set(times).size, times.join(', ')).toBe(times.length);
    expect(
      built()
        .map(([, pid]) => pid)
        .filter((pid) => parents.includes(pid!)),
    ).toEqual([]);
    expect(new Set(fired())).toEqual(new Set(parents));
    // The warning of a runner that finds a cron job in itself.
    for (const { output } of apps) expect(output).not.toMatch(/only its parent should do/);
  });
});
