import { describe, expect, it } from 'vitest';
import type { MachineExit } from '../backend.js';
import { flyExit } from './fly-exit.js';
import type { FlyMachineInfo } from './fly-exit.js';

/** An exit event in the documentation's form. */
const nothing = { exit_code: 0, signal: -1, oom_killed: false, requested_stop: false };

function ended(exit: Partial<typeof nothing>): FlyMachineInfo {
  const events = [{ type: 'exit', request: { exit_event: { ...nothing, ...exit } } }, { type: 'start' }];
  return { id: 'm', instance_id: 'i', state: 'stopped', config: { guest: { memory_mb: 512 } }, events };
}

const cases: [what: string, machine: FlyMachineInfo | undefined, stopped: boolean, exit: MachineExit][] = [
  ['an exit code', ended({ exit_code: 7 }), false, { how: 'exit', code: 7, text: 'exit code 7' }],
  ['a signal', ended({ exit_code: 137, signal: 9 }), false, { how: 'signal', signal: 'SIGKILL', text: 'killed by SIGKILL' }],
  ['a signal that init made a code of', ended({ exit_code: 143 }), false, { how: 'signal', signal: 'SIGTERM', text: 'killed by SIGTERM' }],
  [
    'a lack of memory',
    ended({ exit_code: 137, signal: 9, oom_killed: true }),
    false,
    { how: 'oom', signal: 'SIGKILL', text: 'out of memory (it has 512 MiB; raise memoryMb)' },
  ],
  ['our own stop', ended({ requested_stop: true }), true, { how: 'stopped', code: 0, text: 'stopped (exit code 0)' }],
  [
    "somebody's stop",
    ended({ requested_stop: true }),
    false,
    { how: 'stopped', code: 0, text: 'stopped by the platform or by hand (exit code 0)' },
  ],
  ['nothing, of a machine that is gone', undefined, false, { how: 'vanished', text: 'the machine no longer exists on the platform' }],
  [
    'nothing, of a machine that failed',
    { id: 'm', instance_id: 'i', state: 'failed' },
    false,
    { how: 'vanished', text: 'the platform reports "failed" without a reason' },
  ],
];

describe('flyExit', () => {
  it.each(cases)('describes %s', (_, machine, stopped, exit) => {
    expect(flyExit(machine, stopped)).toEqual(exit);
  });
});
