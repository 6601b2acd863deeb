import type { PoolMachine } from '../../core/pool/machine.js';
import type { PoolSetup } from '../pool-setup.js';
import type { RunnerManager } from '../runners/runner-manager.js';
import type { CallCounts, PoolStats } from './pool-stats.js';

/** The current state of a pool, from its machine and its runners. */
export function currentStats({ config, clock }: PoolSetup, machine: PoolMachine, manager: RunnerManager, calls: CallCounts): PoolStats {
  const now = clock.now();
  const runners = manager.stats(machine.runners, now);
  return {
    name: config.name,
    min: machine.min,
    max: machine.max,
    maxConcurrency: config.maxConcurrency,
    waiting: machine.waiting,
    waitingFor: machine.waitingSince === undefined ? 0 : now - machine.waitingSince,
    running: runners.reduce((sum, runner) => sum + runner.load, 0),
    runners,
    paused: machine.paused,
    draining: machine.draining,
    calls,
  };
}
