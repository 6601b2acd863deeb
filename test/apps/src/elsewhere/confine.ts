import { execFileSync } from 'node:child_process';

// A machine elsewhere has processors of its own: before anything counts them.
if (process.env['FLAME_PARENT'] !== undefined)
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', process.env['RUNNER_PROCESSORS']!, String(process.pid)]);
