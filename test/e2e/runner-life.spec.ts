import { describe, expect, it } from 'vitest';
import { processesOf } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';
import { freePort } from '../support/free-port.js';

interface Where {
  pid: number;
  call: string;
  pool: string;
  token: string | null;
  inherited: string;
  servers: number;
  nested: number;
  stats: { min: number; max: number; runners: unknown[] };
}

async function where(app: SpawnedApp): Promise<Where> {
  return (await (await fetch(`${await app.url()}/where`)).json()) as Where;
}

/** The place of the first line that matches. */
function placeOf(app: SpawnedApp, pattern: RegExp): number {
  return app.lines.findIndex((line) => pattern.test(line));
}

describe.each(['express', 'fastify', 'lean'])('a runner of the %s app', (kind) => {
  it('runs handlers in another process, which opens no port and keeps no token', async () => {
    const app = new SpawnedApp(`life/${kind}.js`);
    const seen = await where(app);
    expect(seen.pid).not.toBe(app.pid);
    expect(processesOf(`life/${kind}.js`)).toEqual(expect.arrayContaining([app.pid, seen.pid]));
    expect(seen).toMatchObject({ call: 'life', pool: 'life', token: null, inherited: 'null', servers: 0, nested: seen.pid });
  });

  it('has pools without runners', async () => {
    const app = new SpawnedApp(`life/${kind}.js`, { LIFE_MIN: '1' });
    expect((await where(app)).stats).toMatchObject({ min: 0, runners: [] });
  });

  it('does not run the code after app.listen() in main.ts', async () => {
    const app = new SpawnedApp(`life/${kind}.js`);
    await where(app);
    expect(app.lines.filter((line) => line.includes('listens on'))).toHaveLength(1);
    expect(app.lines.filter((line) => line.includes('[runner] is attached'))).toHaveLength(kind === 'lean' ? 1 : 0);
  });
});

describe('a runner', () => {
  it('sends its output to the parent, under its own name', async () => {
    const app = new SpawnedApp('life/express.js');
    await fetch(`${await app.url()}/slow/1`);
    expect((await app.line(/\[(Flame life-\w+-1)\] \[runner\] slow ends/))[1]).toBeDefined();
    await app.line(/LOG \[Flame life-\w+-1\] this runner is attached and serves no HTTP/);
  });

  it('passes on an exception of Nest with its status', async () => {
    const app = new SpawnedApp('life/express.js');
    const response = await fetch(`${await app.url()}/missing`);
    expect([response.status, ((await response.json()) as { message: string }).message]).toEqual([404, 'not on this runner']);
  });

  it('drains on SIGTERM before the hooks of its app run, and its own signal listeners are not the app’s', async () => {
    const app = new SpawnedApp('life/express.js', { LIFE_CARELESS: '1' });
    const { pid } = await where(app);
    const slow = fetch(`${await app.url()}/slow/500`);
    await app.line(/\[runner\] slow starts/);
    process.kill(pid, 'SIGTERM');
    expect(await (await slow).text()).toBe(`slept on ${pid}`);
    await app.line(/\[runner\] onApplicationShutdown/);
    const order = [/\[runner\] slow ends/, /\[runner\] onModuleDestroy/, /\[runner\] onApplicationShutdown/].map((line) =>
      placeOf(app, line),
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(placeOf(app, /\[runner\] own SIGTERM listener/)).toBe(-1);
    expect((await where(app)).pid).not.toBe(pid);
  });

  it.each(['express', 'fastify'])('in the process of its parent drains on SIGTERM before any hook runs (%s)', async (kind) => {
    const app = new SpawnedApp(`life/${kind}.js`, { LIFE_LOCAL: '1' });
    const slow = fetch(`${await app.url()}/slow/500`);
    await app.line(/\[parent\] slow starts/);
    app.process.kill('SIGTERM');
    expect(await (await slow).text()).toBe(`slept on ${app.pid}`);
    expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' });
    const order = [/slow ends/, /onModuleDestroy/, /onApplicationShutdown/].map((line) => placeOf(app, line));
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((one, other) => one - other));
  });

  it('ends with its parent on SIGTERM, after the running work', async () => {
    const app = new SpawnedApp('life/express.js');
    const { pid } = await where(app);
    const slow = fetch(`${await app.url()}/slow/500`);
    await app.line(/\[runner\] slow starts/);
    app.process.kill('SIGTERM');
    expect(await (await slow).text()).toBe(`slept on ${pid}`);
    await app.exited;
    expect(processesOf('life/express.js')).not.toContain(pid);
    const order = [/\[runner\] slow ends/, /\[parent\] onApplicationShutdown/].map((line) => placeOf(app, line));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('warns of open ports, cron jobs and intervals, by name', async () => {
    const app = new SpawnedApp('life/express.js', { LIFE_CARELESS: '1', LIFE_OWN_PORT: '0' });
    await where(app);
    const [warning] = await app.line(/WARN \[Flame life-\w+-1\] .*does work that only its parent should do.*/);
    expect(warning).toMatch(
      /it listens on port \d+; it runs cron jobs \(nightly\); it runs intervals and timeouts \(beat\)\. To switch that off: pass cronJobs: !FlameParent\.get\(\), .* to ScheduleModule\.forRoot\(\); open the server only if \(!FlameParent\.get\(\)\)\.$/,
    );
  });

  it('explains the error when the app opens a port that its parent has', async () => {
    const app = new SpawnedApp('life/express.js', { LIFE_CARELESS: '1', LIFE_OWN_PORT: String(await freePort()), LIFE_MIN: '1' });
    expect((await app.exited).code).not.toBe(0);
    const output = app.lines.join('\n');
    expect(output).toMatch(
      /\[Flame life-\w+-1\] this runner tried to listen on a port, as its parent does \(.*EADDRINUSE.*Open that server only if \(!FlameParent\.get\(\)\)/,
    );
    expect(output).toContain('pool "life" could not boot its min runners');
  });
});

describe('an app with a FLAME_PARENT that no pool set', () => {
  it('does not start, and the error names the variable', async () => {
    const app = new SpawnedApp('life/express.js', { FLAME_PARENT: 'not base64!' });
    expect((await app.exited).code).toBe(1);
    expect(app.lines.join('\n')).toContain('FLAME_PARENT is not base64. Unset it to start the app as a parent');
  });
});
