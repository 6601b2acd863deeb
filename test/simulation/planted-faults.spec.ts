import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bundle } from './bundle.js';
import { plantedFaults } from './planted-faults.js';

/** In how many steps a fault has to be seen. */
const steps = 60_000;
const run = promisify(execFile);

describe('The simulation', () => {
  plantedFaults.forEach((fault, number) => {
    it(`sees that ${fault.name}`, { timeout: 120_000 }, async () => {
      const program = await bundle(`fault-${number}`, fault);
      const ended = await run(process.execPath, [program, '1', String(steps)], { timeout: 100_000 }).catch(
        (error: unknown) => error as { code: unknown; stderr: string },
      );
      rmSync(program);
      // By a rule that does not hold, or as what nobody caught.
      expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/Replay it with: FLAME_SIM_SEED=|Error/) });
    });
  });
});
