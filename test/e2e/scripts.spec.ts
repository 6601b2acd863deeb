import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { processesOf } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

const main = 'scripts/main.js';

class Script extends SpawnedApp {
  readonly #file: string;

  constructor(script: string, env: Record<string, string> = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'flame-script-'));
    const file = join(folder, 'done');
    writeFileSync(file, '');
    super(main, { SCRIPT: script, SCRIPT_FILE: file, ...env });
    this.#file = file;
    onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  }

  /** What was done in all processes, after the end of the script. */
  async done(): Promise<string[]> {
    const { code } = await this.exited;
    if (code !== 0) throw new Error(`the script ended with ${code}:\n${this.lines.join('\n')}`);
    return readFileSync(this.#file, 'utf8').trim().split('\n');
  }
}

describe.each([
  ['context', 1],
  ['init', 1],
  ['listen', 0],
  ['init on Fastify', 0],
  ['microservice', 0],
  ['init of a microservice', 0],
  ['hybrid', 0],
  ['settings first', 0],
  ['an app that is closed and made again', 0],
  ['two apps', 1],
])('the script "%s"', (kind, min) => {
  it('calls methods on runners, which do not run the code after the start of the app', async () => {
    const script = new Script(kind, { SCRIPT_MIN: String(min) });
    const [, pids] = await script.line(/^rendered on (.+)/);
    const runners = pids!.split(', ').map(Number);
    expect(runners).not.toContain(script.pid);
    expect(runners.length).toBeGreaterThan(0);
    const done = await script.done();
    expect(done.filter((line) => line.endsWith('in the runner'))).toEqual([]);
    expect(done.filter((line) => line === 'mail in the parent')).toHaveLength(1);
    expect(script.lines.filter((line) => line.includes('finished'))).toEqual(['parent finished']);
    const left = processesOf(main);
    expect(runners.filter((pid) => left.includes(pid))).toEqual([]);
  });
});

describe.each([
  ['closes its app', /the script closed its app before that was initialised, and initialised no other/],
  ['ends', /ended without starting an app that imports FlameModule/],
  ['awaits what never comes', /ended without starting an app that imports FlameModule/],
  [
    'exits',
    /exit code 0\. The runner's script ended before it initialised an app with a FlameModule.*make sure that the script gets there/,
  ],
])('runners whose script %s', (kind, how) => {
  it('fail their calls at once, with the fix', async () => {
    const script = new Script('context', { SCRIPT_OF_RUNNERS: kind });
    const [, time] = await script.line(/^FLAME_BOOT within (\d+) ms: .*the machine ended before its runner attached/);
    // One boot, and not the 30 seconds of bootTimeout.
    expect(Number(time)).toBeLessThan(15_000);
    await script.done();
    expect(script.lines.join('\n')).toMatch(how);
  });
});

describe('a runner for a pool of the second app that main.ts initialises', () => {
  it('fails its calls at once, and explains that runners use the first app', async () => {
    const script = new Script('two apps, the second of which calls');
    await script.line(/^FLAME_BOOT within \d+ ms: Others\.render/);
    expect(await script.done()).toEqual(['mail in the parent']);
    expect(script.lines.join('\n')).toMatch(/has no pool "others".*set the option entry of that pool's backend/i);
    expect(script.lines.find((line) => line.startsWith('FLAME_BOOT'))).toMatch(
      /runners use the first one: set the option `entry` of the other apps' backends/,
    );
  });
});
