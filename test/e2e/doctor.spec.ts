import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import nodeModule from 'node:module';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Check } from '../../libs/flame/src/core/check.js';
import { isAlive, processesOf, until } from '../support/process-table.js';

const cli = join(import.meta.dirname, '../../libs/flame/dist/cli/main.js');
const built = join(import.meta.dirname, '../apps/dist');
const entry = join(built, 'doctor/main.js');

interface Examination {
  readonly code: number | null;
  readonly text: string;
  /** What the app left in its file. */
  readonly marks: string[];
}

/** Doctor at work on the app in `test/apps/src/doctor`. */
class Doctor {
  readonly process: ChildProcess;
  readonly done: Promise<Examination>;
  text = '';

  constructor(what: string, ...args: string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'flame-doctor-'));
    const marks = join(folder, 'marks');
    const env = { ...process.env, NO_COLOR: '1', DOCTOR_CASE: what, DOCTOR_MARKS: marks };
    this.process = spawn(process.execPath, [cli, 'doctor', entry, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    this.done = once(this.process, 'close').then(([code]) => ({
      code: code as number | null,
      text: this.text,
      marks: existsSync(marks) ? readFileSync(marks, 'utf8').trim().split('\n') : [],
    }));
    onTestFinished(async () => {
      this.process.kill('SIGKILL');
      await this.done;
      rmSync(folder, { recursive: true, maxRetries: 5 });
    });
  }
}

const examine = (what: string, ...args: string[]): Promise<Examination> => new Doctor(what, ...args).done;

/** The checks of the one pool, and the exit code. */
async function checksOf(what: string): Promise<{ code: number | null; checks: Map<string, Check>; text: string }> {
  const { code, text } = await examine(what, '--json', '--pool', 'one');
  const { pools } = JSON.parse(text) as { pools: { checks: Check[] }[] };
  expect(pools).toHaveLength(1);
  return { code, text, checks: new Map(pools[0]!.checks.map((check) => [check.name, check])) };
}

/** What is the same on every machine and in every run. */
function withoutFigures(text: string): string {
  return text
    .replaceAll(/digest [0-9a-f]{8}/g, 'digest D')
    .replaceAll(/two-[0-9a-f]{6}-doctor/g, 'two-P-doctor')
    .replaceAll(/\S*\/\S+/g, 'PATH')
    .replaceAll(/\d+(\.\d+)? m?s/g, 'TIME')
    .replaceAll(/\d+(\.\d+)*/g, 'N');
}

const failed = (checks: Map<string, Check>): string[] => [...checks.values()].filter(({ ok }) => !ok).map(({ name }) => name);

describe('npx nestjs-flame doctor', () => {
  it("examines every pool of an app, boots and ends a runner on each, without starting the app's own work", async () => {
    const { code, text, marks } = await examine('in order', '--', '--as', 'parent');
    const page = readFileSync(join(import.meta.dirname, '../../docs/doctor.md'), 'utf8');
    const [, shown] = /^```text\n\$ npx nestjs-flame doctor [^\n]*\n(.*?)^```$/ms.exec(page)!;
    expect(withoutFigures(text)).toBe(withoutFigures(shown!));
    expect(text).toContain(`Node ${process.versions.node}, nestjs-flame`);
    expect(code).toBe(0);
    // The runner, which has not inherited what doctor ordered; and no line of the parent.
    expect(marks).toEqual(['runner started by --as runner with no request']);
    expect(processesOf(entry)).toEqual([]);
  });

  it('boots nothing with --no-boot, and examines only the named pools', async () => {
    const { code, text, marks } = await examine('in order', '--no-boot', '--json', '--pool', 'two');
    const { ok, pools } = JSON.parse(text) as { ok: boolean; pools: unknown[] };
    expect({ code, ok, marks }).toEqual({ code: 0, ok: true, marks: [] });
    expect(pools).toEqual([{ name: 'two', backend: 'local', checks: [expect.objectContaining({ name: 'engine', ok: true })] }]);
  });

  it('shows why a runner does not start', async () => {
    const { code, checks } = await checksOf('cannot start');
    expect(failed(checks)).toEqual(['attach']);
    expect(checks.get('attach')!.message).toMatch(/ended before its runner attached: exit code 1[^]*the database is not there/);
    expect(checks.get('attach')!.fix).toContain('last lines');
    expect(checks.get('left')).toMatchObject({ ok: true });
    expect(code).toBe(1);
  });

  it('names the address at which a missing runner should have attached', async () => {
    const { checks } = await checksOf('never attaches');
    expect(failed(checks)).toEqual(['attach']);
    expect(checks.get('attach')!.message).toMatch(/no runner attached within bootTimeout \(3000 ms\)/);
    expect(checks.get('attach')!.fix).toMatch(/^Make unix:\S+ reachable from the machines: /);
    expect(processesOf(entry)).toEqual([]);
  });

  it('shows the memory and the connections of a runner, compared with the parent', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      vi.unstubAllEnvs();
    });
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('DOCTOR_PORT', String(port)).stubEnv('DOCTOR_CONNECTIONS', '3');
    const { checks } = await checksOf('connects');
    expect(failed(checks)).toEqual([]);
    const connections = { [`127.0.0.1:${port}`]: 3 };
    expect(checks.get('sockets')).toMatchObject({
      message: `open TCP connections: 3 on the runner (3 to 127.0.0.1:${port}), none here`,
      figures: { runner: connections, here: {} },
    });
    const { message: found, figures } = checks.get('memory')!;
    const { memory, heap } = figures!['runner'] as { memory: number; heap: number };
    expect(found).toContain(`${Math.round(memory / 1024 ** 2)} MiB on the runner (heap ${Math.round(heap / 1024 ** 2)} MiB), `);
    expect(memory).toBeGreaterThan(heap);
  });

  it('detects another build on the runner', async () => {
    const { checks } = await checksOf('other build');
    expect(failed(checks)).toEqual(['versions']);
    expect(checks.get('versions')!.message).toContain('only the runner has the handler new Unlike');
  });

  it('detects a wrong clock', async () => {
    const { checks } = await checksOf('wrong clock');
    expect(failed(checks)).toEqual(['clocks']);
    expect(checks.get('clocks')!.message).toMatch(/^the runner's clock is 3(599|600)\.\d s ahead, to within/);
  });

  it('detects a runner that has to be killed', async () => {
    const { checks } = await checksOf('ends slowly');
    expect(failed(checks)).toEqual(['stop']);
    expect(checks.get('stop')!.fix).toContain('shutdownTimeout (500 ms)');
  });

  it('detects leftovers', async () => {
    const { checks } = await checksOf('leaks');
    expect(failed(checks)).toEqual(['left']);
    expect(checks.get('left')!.message).toBe('the platform still has pid 4711');
  });

  it('detects a misconfigured backend, and boots nothing on it', async () => {
    const { checks } = await checksOf('no entry');
    expect([...checks.values()]).toEqual([
      {
        name: 'options',
        ok: false,
        message: expect.stringMatching(/^ProcessBackend\.entry is a file that does not exist: .*no\/such\/main\.js"$/),
        fix: 'Build the app first, or set the path of its main file, relative to cwd.',
      },
    ]);
  });

  it.each([
    ['uncompiled', 'inline-calls/main.js', []],
    ['compiled', 'inline-compiled/main.js', []],
    // nestjs-flame/register needs Node 22.15.
    ...('registerHooks' in nodeModule ? [['registered', 'inline-calls/main.js', ['--import', 'nestjs-flame/register']] as const] : []),
  ] as const)('looks for inline functions that are not compiled: %s', (what, main, flags) => {
    const options = { cwd: join(import.meta.dirname, '../apps'), encoding: 'utf8' } as const;
    const { stdout, status } = spawnSync(process.execPath, [...flags, cli, 'doctor', join(built, main), '--no-boot', '--json'], options);
    const { ok, checks, pools } = JSON.parse(stdout) as { ok: boolean; checks: Check[]; pools: { checks: Check[] }[] };
    expect(pools[0]!.checks).toEqual([expect.objectContaining({ name: 'command', ok: true })]);
    expect(checks).toEqual([expect.objectContaining({ name: 'inline', ok: what !== 'uncompiled' })]);
    expect({ ok, status }).toEqual(what === 'uncompiled' ? { ok: false, status: 1 } : { ok: true, status: 0 });
    if (what === 'registered') return expect(checks[0]!.message).toContain('nestjs-flame/register compiles');
    if (what === 'compiled')
      return expect(checks[0]!.message).toMatch(/^no uncompiled inline function in \S+\/dist\/inline-compiled \(JavaScript files: 1\)$/);
    const source = readFileSync(join(options.cwd, 'src/inline-calls/main.ts'), 'utf8').split('\n');
    const { places } = checks[0]!.figures as { places: string[] };
    const lines = places.map((place) => Number(/^src\/inline-calls\/main\.ts:(\d+)$/.exec(place)![1]));
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(source[line - 1]).toMatch(/async (function\*|\(|\w+ =>)/);
    expect(checks[0]!.message).toContain(`${places[4]} and ${places.length - 5} more: `);
    expect(checks[0]!.fix).toContain(
      'Run npx nestjs-flame compile dist/inline-calls after each build, or start the app with node --import',
    );
  });

  it('refuses a pool that the app does not have', async () => {
    const { code, text } = await examine('in order', '--pool', 'three', '--no-boot');
    expect(text).toContain('FAILED  the app has no pool three. Its pools are one, two');
    expect(code).toBe(2);
  });

  it('shows the last output of an app that ends before it can be examined', async () => {
    const { code, text } = await examine('bad option', '--json');
    const { ok, problem } = JSON.parse(text) as { ok: boolean; problem: string };
    expect(problem).toMatch(/^the app ended with exit code 1 before FlameModule could start the examination\n[^]*pools\[0\]\.max/);
    expect({ code, ok }).toEqual({ code: 2, ok: false });
  });

  it('requires an app', async () => {
    const doctor = spawn(process.execPath, [cli, 'doctor', 'no/such/app'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = (await once(doctor.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(text).toMatch(/FAILED {2}the file \S+no\/such\/app does not exist: build the app first/);
  });

  it('ends an app without FlameModule, which would otherwise serve', async () => {
    const { code, text } = await examine('no FlameModule', '--start-limit', '4000');
    expect(text).toContain('that its root module imports FlameModule');
    expect(code).toBe(2);
    expect(processesOf(entry)).toEqual([]);
  });

  it('cleans up when it is stopped', async () => {
    const doctor = new Doctor('never attaches');
    await until(() => doctor.text.includes('was started in'));
    const pid = Number(/pid (\d+) was started/.exec(doctor.text)![1]);
    expect(isAlive(pid)).toBe(true);
    doctor.process.kill('SIGTERM');
    const { text } = await doctor.done;
    expect(text).toContain('the examination was aborted');
    expect(isAlive(pid)).toBe(false);
    expect(processesOf(entry)).toEqual([]);
  });
});
