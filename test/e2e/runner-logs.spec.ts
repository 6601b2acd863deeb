import { describe, expect, it } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

const post = (url: string): Promise<Response> => fetch(url, { method: 'POST' });

describe('the log of a runner', () => {
  it('arrives at the parent’s logger at its level, with runner and call', { timeout: 120_000 }, async () => {
    const app = new SpawnedApp('ops/main.js');
    const url = await app.url();
    await app.line(/\[Flame work-\w+-1\] this runner is attached/);
    // Nothing of what Nest says of its start.
    expect(app.lines.filter((line) => line.includes('[Flame work-'))).toHaveLength(1);
    await post(`${url}/call/log/2`);
    const [first, second] = await Promise.all(
      [1, 2].map((line) => app.line(new RegExp(`(\\w+) \\[Flame (\\S+) call (\\d+)\\] \\[Work\\] line ${line} of 2$`))),
    );
    expect(first!.slice(1)).toEqual(['WARN', expect.stringMatching(/^work-\w+-1$/), '1']);
    expect(second!.slice(1)).toEqual(first!.slice(1));
    // What is printed past the logger comes, too, and nothing comes twice.
    await post(`${url}/call/print/hello`);
    await app.line(/LOG \[Flame work-\w+-1\] hello$/);
    expect(app.lines.filter((line) => line.includes('line 1 of 2'))).toHaveLength(1);
  });

  it('is structured if the parent logs JSON', { timeout: 120_000 }, async () => {
    const app = new SpawnedApp('ops/main.js', { LOG: 'json' });
    await post(`${await app.url()}/call/log/1`);
    const [line] = await app.line(/^\{.*line 1 of 1.*\}$/);
    const runner = expect.stringMatching(/^work-\w+-1$/) as string;
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      message: { message: '[Work] line 1 of 1', pool: 'work', runner, call: 1, timestamp: expect.any(Number) as number },
    });
  });

  it.each([
    ['logs', 'log/20000', ' of 20000'],
    ['prints', 'printMany/20000', 'printed line '],
  ])('is limited if it %s, and reports how many lines were dropped', { timeout: 120_000 }, async (_, path, mark) => {
    const app = new SpawnedApp('ops/main.js');
    const url = await app.url();
    await post(`${url}/call/${path}`);
    const [, dropped] = await app.line(/WARN \[Flame \S+\] (\d+) of its lines were dropped, because they came too fast$/);
    expect(Number(dropped)).toBeGreaterThan(0);
    expect(app.lines.filter((line) => line.includes(mark)).length).toBeLessThan(20_000);
    const { logLines, logLinesDropped } = (await (await fetch(`${url}/metrics.json`)).json()) as {
      logLines: number;
      logLinesDropped: number;
    };
    expect(logLinesDropped).toBeGreaterThanOrEqual(Number(dropped));
    expect(logLines).toBeGreaterThan(logLinesDropped);
  });

  it("is part of a failed boot's error: the last lines of the machine", { timeout: 120_000 }, async () => {
    const app = new SpawnedApp('ops/main.js', { FAIL_BOOT_AFTER: '0', MIN: '0' });
    const over = new AbortController();
    const called = fetch(`${await app.url()}/call/echo/hello`, { method: 'POST', signal: over.signal });
    called.catch(() => {});
    await app.line(/WARN \[Flame\] pool "work": runner work-\w+-1 could not boot \(attach\): .*exit code 3/);
    await app.line(/^The machine's last lines:$/);
    await app.line(/^ {2}\| no licence for this machine$/);
    over.abort();
  });
});
