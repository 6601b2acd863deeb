import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');

interface ColdStart {
  readonly took: number;
  readonly answer: string;
  /** What the runner's process was started with. */
  readonly command: string;
}

async function coldStart(demo: string, entry: string): Promise<ColdStart> {
  const env = { ...process.env, RUNNER_ENTRY: entry };
  const { stdout } = await run(process.execPath, ['dist/driver/cold-start.js'], { cwd: demo, env });
  return JSON.parse(stdout) as ColdStart;
}

it("The recipe of docs/cold-start.md starts the demo's runners from one file, with a compile cache, and their answers equal those of the others", async () => {
  // What the demo's image would hold: Nest loads more where more is installed.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-bundled-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await run('npm', ['run', '-s', 'build:demo'], { cwd: repository });
  await run(process.execPath, ['test/engines/app-folder.mjs', folder, 'demo', 'nestjs-flame'], { cwd: repository });
  await run(process.execPath, ['bundle-runner.mjs'], { cwd: join(repository, 'apps/demo') });
  const demo = join(folder, 'apps/demo');
  for (const file of ['start-runner.cjs', 'runner-bundle.cjs']) cpSync(join(repository, 'apps/demo/dist', file), join(demo, 'dist', file));

  const times = new Map<string, number[]>([
    ['dist/main.js', []],
    ['dist/start-runner.cjs', []],
  ]);
  const kept: { name: string; at: number }[] = [];
  for (let round = 0; round < 3; round++) {
    for (const [entry, list] of times) {
      const { took, answer, command } = await coldStart(demo, entry);
      expect(command).toContain(join(demo, entry));
      expect(answer).toBe("Cannot read properties of undefined (reading 'url')");
      list.push(took);
    }
    const [name, ...others] = readdirSync(join(demo, 'dist')).filter((file) => file.startsWith('runner-bundle.cjs.'));
    expect(others).toEqual([]);
    kept.push({ name: name!, at: statSync(join(demo, 'dist', name!)).mtimeMs });
  }
  // The first runner left its compiled code, and V8 took it from then on.
  expect(kept).toEqual(kept.map(() => kept[0]));
  for (const [entry, list] of times) console.log(`cold start of ${entry}: ${list.map((time) => `${Math.round(time)} ms`).join(', ')}`);
});
