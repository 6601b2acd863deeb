import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { childrenOf, until } from '../../support/process-table.js';
import { RunningApp } from './support/running-app.js';

interface Hash {
  readonly hash: string;
  readonly runner: number;
  readonly server: number;
}

describe.each([
  { way: 'forks itself in main.ts', entry: 'cluster/main.js' },
  { way: 'forks another entry', entry: 'cluster/separate.main.js' },
])('a cluster that $way', ({ entry }) => {
  let app: RunningApp;

  beforeAll(async () => {
    app = new RunningApp(entry, { PORT: String(await freePort()) });
    await until(
      () => app.lines.filter((line) => /^Server \d+ is up/.test(line)).length >= 2 || app.process.exitCode !== null,
      AbortSignal.timeout(60_000),
    );
  });
  afterAll(() => app?.stop());

  it('has one primary, and one runner for each server, which neither forks nor serves', async () => {
    const url = /running on: (\S+)/.exec(app.output)![1]!;
    const answers = new Map<number, number>();
    // Each request on a connection of its own: the primary hands connections round.
    await until(async () => {
      const response = await fetch(`${url}/hashes/text`, { headers: { connection: 'close' } });
      const { server, runner } = (await response.json()) as Hash;
      answers.set(server, runner);
      return answers.size === 2;
    });
    const [servers, runners] = [[...answers.keys()], [...answers.values()]];
    expect(childrenOf(app.pid).sort(), app.output).toEqual(servers.sort());
    expect(new Set([app.pid, ...servers, ...runners]).size).toBe(5);
    expect(
      app.lines.filter((line) => /^Primary \d+ forks/.test(line)),
      app.output,
    ).toHaveLength(1);
    expect(app.processes.sort(), app.output).toEqual([app.pid, ...servers, ...runners].sort());
  });
});

describe('an app that PM2 runs in its cluster mode', () => {
  let home: string;
  let app: RunningApp;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'flame-pm2-'));
    const pm2 = [join(inject('realWorld'), 'node_modules/.bin/pm2-runtime'), '-i', '2'];
    app = await RunningApp.serving('cluster/server.js', { PM2_HOME: home, PORT: String(await freePort()) }, pm2);
  });
  afterAll(async () => {
    await app?.stop();
    rmSync(home, { recursive: true, maxRetries: 5 });
  });

  it('answers with the result of a runner outside of the cluster', async () => {
    const { status, body } = await app.get<Hash>('/hashes/text');
    expect(status, app.output).toBe(200);
    expect(body.runner).not.toBe(body.server);
    expect(childrenOf(body.server), app.output).toContain(body.runner);
  });
});
