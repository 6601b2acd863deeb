import type { PoolMachine } from '../../core/pool/machine.js';
import type { PoolMetrics } from '../../core/metrics/pool-metrics.js';
import type { PoolMeter } from './pool-meter.js';
import type { PoolSetup } from '../pool-setup.js';
import type { RunnerManager } from '../runners/runner-manager.js';

/** The current metrics of a pool, from its state, its runners and its meter. */
export function poolMetrics(
  { config, backend, clock }: PoolSetup,
  machine: PoolMachine,
  manager: RunnerManager,
  meter: PoolMeter,
): PoolMetrics {
  const now = clock.now();
  const perRunner = manager.metrics(machine.runners, now);
  const runners = { booting: 0, ready: 0, leaving: 0, stopping: 0 };
  let slots = 0;
  let slotsUsed = 0;
  for (const runner of perRunner) {
    runners[runner.state] += 1;
    slotsUsed += runner.slotsUsed;
    if (runner.state === 'ready') slots += runner.slots;
  }
  return {
    pool: config.name,
    backend: backend.name,
    at: Date.now(),
    min: machine.min,
    max: machine.max,
    slots,
    slotsUsed,
    waiting: machine.waiting,
    waitingFor: machine.waitingSince === undefined ? 0 : now - machine.waitingSince,
    paused: machine.paused !== undefined,
    draining: machine.draining,
    runners,
    ...meter.counted,
    ...machine.spent(now),
    perRunner,
  };
}
