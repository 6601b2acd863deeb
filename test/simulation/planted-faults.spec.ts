import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from './bundle.js';
import { plantedFaults } from './planted-faults.js';

const page = readFileSync('docs/measurements/reliability.md', 'utf8');

/** A fault must be detected within this number of steps. */
const steps = 100_000;
const run = promisify(execFile);

/** Runs worlds from `seed` on, or one world with only the operations that it `needs`. */
async function live(program: string, seed: number, most: number, needs?: string): Promise<{ code?: unknown; stderr: string }> {
  const env = { ...process.env, ...(needs !== undefined && { FLAME_SIM_NEEDS: needs }) };
  return run(process.execPath, [program, String(seed), String(most)], { env, timeout: 100_000 }).catch(
    (error: unknown) => error as { code: unknown; stderr: string },
  );
}

describe('docs/measurements/reliability.md', () => {
  it('matches the numbers and worlds that docs/measurements/reliability.md names', () => {
    const rows = [...page.matchAll(/^\| (\d+), (\d+) +\|/gm)].map(([, ...worlds]) => worlds.map(Number));
    expect(page).toContain(`${plantedFaults.length} planted faults`);
    expect(rows).toEqual(plantedFaults.flatMap(({ worlds }) => (worlds ? [worlds] : [])));
  });
});

// A title with %s has the whole name; vitest cuts $name after 40 characters.
describe.each(plantedFaults.map((fault, number) => [fault.name, { ...fault, number }] as const))(
  'The simulation, where %s,',
  (_, fault) => {
    let program: string;
    beforeAll(async () => {
      program = await bundle(`fault-${fault.number}`, fault);
    });
    afterAll(() => rmSync(program));

    it('detects it, and its printed seed replays it with few operations', { timeout: 120_000 }, async () => {
      const { code, stderr } = await live(program, 1, steps);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/Replay it with: FLAME_SIM_SEED=/) });
      const [, seed, needs] = /FLAME_SIM_SEED=(\d+) FLAME_SIM_NEEDS=(\S*)/.exec(stderr)!;
      expect(needs!.split(',').length).toBeLessThan(45);
      expect(await live(program, Number(seed), 1, needs)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(stderr.split('\n')[0]!),
      });
    });

    for (const world of fault.worlds ?? []) {
      it(`detects it in world ${world}`, { timeout: 120_000 }, async () => {
        expect(await live(program, world, 1)).toMatchObject({ code: 1, stderr: expect.stringContaining(`FLAME_SIM_SEED=${world} `) });
      });
    }
  },
);
