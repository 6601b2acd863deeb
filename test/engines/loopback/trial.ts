import { ProcessBackend } from 'nestjs-flame';
import { isAlive } from '../../support/process-table.js';
import { pidOf, runnerEntry } from '../../support/trial-backends.js';
import type { TrialBackend } from '../../support/trial-backends.js';

// Parent and runners do without what Windows does not have, and attach over loopback.
process.env['FLAME_PORTABLE'] = '1';

export const trial: TrialBackend = {
  name: 'process, over loopback',
  isolated: true,
  onHost: true,
  make: () => new ProcessBackend({ entry: runnerEntry }),
  signal: async (machine, signal) => void process.kill(pidOf(machine), signal),
  gone: async (machine) => !isAlive(pidOf(machine)),
};
