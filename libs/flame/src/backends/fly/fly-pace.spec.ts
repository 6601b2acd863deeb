import { describe, expect, it } from 'vitest';
import { FlyPace } from './fly-pace.js';
import type { Waiting } from './fly-pace.js';

/** Time that passes when somebody waits. */
class Hours implements Waiting {
  at = 1_000;
  now(): number {
    return this.at;
  }
  async sleep(time: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.at += time;
  }
}

const pace = { perSecond: 1, burst: 3 };

describe('FlyPace', () => {
  it('lets a burst pass at once, and then one request after the other', async () => {
    const hours = new Hours();
    const paced = new FlyPace(hours);
    const times: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      await paced.turn('create', pace);
      times.push(hours.at - 1_000);
    }
    expect(times).toEqual([0, 0, 0, 1_000, 2_000, 3_000]);
  });

  it('allows another burst after a pause', async () => {
    const hours = new Hours();
    const paced = new FlyPace(hours);
    for (let turn = 0; turn < 4; turn++) await paced.turn('create', pace);
    hours.at += 10_000;
    const from = hours.at;
    for (let turn = 0; turn < 3; turn++) await paced.turn('create', pace);
    expect(hours.at).toBe(from);
  });

  it('limits each kind of request separately', async () => {
    const hours = new Hours();
    const paced = new FlyPace(hours);
    for (const key of ['a', 'a', 'a', 'b', 'b', 'b']) await paced.turn(key, pace);
    expect(hours.at).toBe(1_000);
  });

  it('delays all requests when the platform has refused one', async () => {
    const hours = new Hours();
    const paced = new FlyPace(hours);
    await paced.turn('create', pace);
    await paced.refused('create', pace, 5_000);
    expect(hours.at).toBe(6_000);
    await paced.turn('create', pace);
    expect(hours.at).toBe(6_000);
    await paced.turn('create', pace);
    expect(hours.at).toBe(7_000);
  });

  it('rejects when the signal aborts', async () => {
    const reason = new Error('over');
    await expect(new FlyPace(new Hours()).turn('create', pace, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
