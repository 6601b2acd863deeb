import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LossService } from '../apps/src/conformance/loss.service.js';
import { pidOf, rule, runnerEntry } from '../support/conformance.js';
import { readMarks, tally } from '../support/marks.js';
import { childrenOf, isAlive, until } from '../support/process-table.js';
import { ProxiedBackend } from '../support/proxied-backend.js';
import { SpawnedApp } from '../support/spawned-app.js';

rule(
  'A runner that is told to leave',
  (start) => {
    it('takes no new calls, finishes its calls, is replaced under load, and loses none', async () => {
      const { app, file, marks, pool } = await start({ min: 2, max: 3, maxConcurrency: 4 });
      const [loss, log] = [app.get(LossService), file()];
      const [leaver, other] = pool.stats().runners.map(({ id, machine }) => ({ id, pid: pidOf(machine) }));
      const reasons: string[] = [];
      pool.events$.subscribe((event) => {
        if (event.type === 'retiring' && event.runner === leaver!.id) reasons.push(event.reason);
      });
      let [made, serving] = [0, true];
      const caller = async (): Promise<void> => {
        while (serving) {
          const name = `call ${made++}`;
          expect(await loss.once(log, name, 100 + (made % 5) * 100)).toBe(name);
        }
      };
      const load = Promise.all(Array.from({ length: 10 }, caller));
      await until(() => marks(log).length > 30);
      process.kill(leaver!.pid, 'SIGTERM');
      await until(() => !isAlive(leaver!.pid));
      const gone = marks(log).length;
      await until(() => pool.stats().runners.filter(({ state }) => state === 'ready').length === 3 && marks(log).length > gone + 30);
      serving = false;
      await load;

      expect([...tally(marks(log))].filter(([, times]) => times !== 1)).toEqual([]);
      expect(marks(log)).toHaveLength(made);
      expect(reasons).toEqual(['it received SIGTERM']);
      expect(pool.stats()).toMatchObject({ calls: { failed: 0, threw: 0 } });
      expect(isAlive(other!.pid)).toBe(true);
      expect(pool.stats().runners.map(({ id }) => id)).not.toContain(leaver!.id);
    });

    it('returns calls that crossed its leaving, and they run elsewhere, unnoticed by their callers', async () => {
      const backend = new ProxiedBackend({ entry: runnerEntry });
      const { app, file, marks, marked, pool } = await start({ max: 2, maxConcurrency: 4 }, { backend });
      const [loss, heard, log] = [app.get(LossService), file(), file()];
      const started: string[] = [];
      pool.events$.subscribe((event) => {
        if (event.type === 'call-started') started.push(`${event.call} on ${event.runner}`);
      });
      const last = loss.heedsSigterm(heard);
      const { pid, runner } = await marked(heard, 'begin');
      const begun = started.length;
      // The parent hears nothing of it, and goes on sending.
      backend.proxies[0]!.holdBack();
      process.kill(pid, 'SIGTERM');
      await marked(heard, 'told');
      const calls = ['a', 'b', 'c'].map((name) => loss.once(log, name, 1));
      expect(started.slice(begun)).toHaveLength(3);
      backend.proxies[0]!.mend();

      expect(await Promise.all(calls)).toEqual(['a', 'b', 'c']);
      expect(await last).toBe(runner);
      expect(
        marks(log)
          .map(({ what }) => what)
          .toSorted(),
      ).toEqual(['a', 'b', 'c']);
      expect(marks(log).map((mark) => mark.runner)).not.toContain(runner);
      const sent = started.slice(begun).map((line) => line.split(' on ')[0]!);
      expect(sent.toSorted()).toEqual([...new Set(sent)].flatMap((call) => [call, call]).toSorted());
      expect(pool.stats()).toMatchObject({ calls: { failed: 0 } });
    });

    it('is not replaced if no call needs it', async () => {
      const { work, pool } = await start();
      const pid = await work.pid();
      const boots: string[] = [];
      pool.events$.subscribe((event) => {
        if (event.type === 'booting') boots.push(event.runner);
      });
      process.kill(pid, 'SIGTERM');
      await until(() => pool.stats().runners.length === 0);
      expect(boots).toEqual([]);
      expect(await work.pid()).not.toBe(pid);
      expect(boots).toHaveLength(1);
    });
  },
  ({ isolated }) => isolated,
);

describe('A parent that is told to stop', () => {
  async function startParent(doing: string, pool: object): Promise<{ app: SpawnedApp; runners: number[]; file: string }> {
    const folder = mkdtempSync(join(tmpdir(), 'flame-leaving-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const app = new SpawnedApp('survival/main.js', {
      SURVIVAL_DOING: doing,
      SURVIVAL_FOLDER: folder,
      SURVIVAL_POOL: JSON.stringify(pool),
    });
    await app.line(/^\[parent\] is at it/);
    return { app, runners: childrenOf(app.pid), file: join(folder, 'marks') };
  }

  const placesOf = (app: SpawnedApp, pattern: RegExp): number[] => app.lines.flatMap((line, index) => (pattern.test(line) ? [index] : []));

  it('finishes running calls, refuses the rest, runs the hooks of its runners after their work, and leaves no process', async () => {
    const { app, runners, file } = await startParent('serves', { min: 2, max: 2, maxConcurrency: 4 });
    expect(runners).toHaveLength(2);
    await until(() => readMarks(file).length > 60);
    app.process.kill('SIGTERM');
    // What Nest does once all hooks have run: the signal's own end.
    expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(runners.filter(isAlive)).toEqual([]);

    const { begin, end, ...others } = Object.fromEntries(tally(readMarks(file)));
    expect(others).toEqual({});
    expect(end).toBe(begin);
    const settled = JSON.parse((await app.line(/^\[parent\] settled (.*)/))[1]!) as Record<string, number>;
    // Each of the twelve callers goes on until it is refused.
    expect(settled).toEqual({ returned: begin, FLAME_REFUSED: 12 });

    const [destroyed, shutDown] = [/\[runner\] onModuleDestroy/, /\[runner\] onApplicationShutdown/].map((line) => placesOf(app, line));
    expect([destroyed!.length, shutDown!.length]).toEqual([2, 2]);
    const [parentDestroyed] = placesOf(app, /^\[parent\] onModuleDestroy/);
    // Calls made in the app's own onModuleDestroy still run: runners go after that.
    expect(parentDestroyed).toBeLessThan(Math.min(...destroyed!));
  });

  it('aborts calls that take longer than shutdownTimeout, fails their callers, and leaves no process', async () => {
    const { app, runners, file } = await startParent('overstays', { max: 1, shutdownTimeout: 1_000 });
    const asked = Date.now();
    app.process.kill('SIGTERM');
    expect((await app.exited).signal).toBe('SIGTERM');
    expect(runners.filter(isAlive)).toEqual([]);
    await app.line(
      /^\[parent\] failed FLAME_CANCELLED: .*pool "p" is shutting down, and the call did not end within shutdownTimeout \(1000 ms\)/,
    );
    const abort = readMarks(file).find(({ what }) => what === 'abort')!;
    expect(abort.at - asked).toBeGreaterThanOrEqual(999);
    await app.line(/\[runner\] onApplicationShutdown/);
  });

  /** The status of an answer. Each request has its own connection: a server that closes waits for connections that are kept. */
  const ask = async (url: string): Promise<number> => (await fetch(url, { headers: { connection: 'close' } })).status;

  describe.each(['express', 'fastify'])('while requests wait for calls (%s)', (kind) => {
    it('lets them finish, with the calls that they still make', async () => {
      const app = new SpawnedApp(`life/${kind}.js`, { LIFE_SLOTS: '1' });
      const url = await app.url();
      const [running, waiting] = [ask(`${url}/slow/1000`), ask(`${url}/slow/1`)];
      await app.line(/slow starts/);
      app.process.kill('SIGTERM');
      await app.line(/pool "life": the app is closing: 1 running, 1 waiting; what has not ended in 10 s \(shutdownTimeout\) is aborted/);
      expect(await Promise.all([running, waiting])).toEqual([200, 200]);
      expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' });
    });

    it('is gone soon after shutdownTimeout, whatever the calls do', async () => {
      const app = new SpawnedApp(`life/${kind}.js`, { LIFE_SLOTS: '1', LIFE_SHUTDOWN: '500' });
      const url = await app.url();
      const [running, waiting] = [ask(`${url}/slow/3600000`), ask(`${url}/slow/1`)];
      await app.line(/slow starts/);
      const runners = childrenOf(app.pid);
      app.process.kill('SIGTERM');
      expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' });
      expect(await Promise.all([running, waiting])).toEqual([500, 503]);
      expect(runners).toHaveLength(1);
      expect(runners.filter(isAlive)).toEqual([]);
    });
  });
});
