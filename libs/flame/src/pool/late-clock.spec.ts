import { describe, expect, it } from 'vitest';
import { failure } from '../../../../test/support/failure.js';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import type { Clock } from '../core/clock.js';
import { FlameCall } from '../runner/executor/flame-call.js';

/** Gives up as soon as its signal aborts. */
const patient = (): Promise<never> =>
  new Promise((_, reject) => {
    const { signal } = FlameCall.current()!;
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

/** Gives up as well, with an error of its own. */
const sulky = (): Promise<never> =>
  new Promise((_, reject) => FlameCall.current()!.signal.addEventListener('abort', () => reject(new Error('aborted'))));

/** A pool whose process is so busy that its timers are `late` milliseconds behind, in calls that end by their runner's clock. */
function busyPool(late: number): PoolRig {
  const parent: Clock = {
    now: () => rig.clock.now(),
    after: (delay, wake) => rig.clock.after(delay + late, wake),
  };
  const rig: PoolRig = new PoolRig({ patient, sulky }, { max: 1, bootTimeout: 100_000 }, { setup: { clock: parent } });
  return rig;
}

describe('A call whose runner reports the timeout first', () => {
  it('is answered by its pool, with the runner and the time, and is counted once', async () => {
    const rig = busyPool(100);
    const told: string[] = [];
    rig.pool.events$.subscribe(({ type: is }) => told.push(is));
    const failed = failure(rig.call('patient', [], { timeout: 1_000 }));
    await rig.clock.advance(1_001);
    const error = await failed;
    expect(error).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
    expect(error.message).toMatch(
      /^patient timed out after 1000 ms of running on runner \S+ of pool "p" \(timeout 1000 ms; it had waited 0 ms before\)/,
    );
    expect(told.filter((is) => ['call-failed', 'call-ended', 'call-answered'].includes(is))).toEqual(['call-failed', 'call-ended']);
    expect(rig.pool.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  it('has timed out, whatever error the handler throws at its abort', async () => {
    const rig = busyPool(100);
    const failed = failure(rig.call('sulky', [], { timeout: 1_000 }));
    await rig.clock.advance(1_001);
    expect(await failed).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'maybe' });
  });
});
