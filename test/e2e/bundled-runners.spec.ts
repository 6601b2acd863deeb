import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const demo = join(import.meta.dirname, '../../apps/demo');

interface ColdStart {
  readonly took: number;
  readonly answer: string;
  /** What the runner's process was started with. */
  readonly command: string;
}

async function coldStart(entry?: string): Promise<ColdStart> {
  const env = { ...process.env, ...(entry ? { RUNNER_ENTRY: entry } : {}) };
  const { stdout } = await run(process.execPath, ['dist/driver/cold-start.js'], { cwd: demo, env });
  return JSON.parse(stdout) as ColdStart;
}

it("The demo's runners are started from one file, by the recipe of docs/cold-start.md, and answer as the others do", async () => {
  await run(process.execPath, ['bundle-runner.mjs'], { cwd: demo });
  const times = new Map<string, number[]>([
    ['dist/main.js', []],
    ['dist/runner.mjs', []],
  ]);
  for (let round = 0; round < 3; round++) {
    for (const [entry, list] of times) {
      const { took, answer, command } = await coldStart(entry);
      expect(command).toContain(join(demo, entry));
      expect(answer).toBe("Cannot read properties of undefined (reading 'url')");
      list.push(took);
    }
  }
  for (const [entry, list] of times) console.log(`cold start of ${entry}: ${list.map((time) => `${Math.round(time)} ms`).join(', ')}`);
});
