import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { rejection } from '../../../../test/support/rejection.js';
import { settle } from '../../../../test/support/virtual-clock.js';

const load = (rig: PoolRig): number => rig.pool.stats().running;

describe('Signals among the arguments', () => {
  it('abort in the handler when they abort at the caller, with their reason', async () => {
    const controller = new AbortController();
    const rig = new PoolRig({
      'A.waits': async ({ signal }: { signal: AbortSignal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return signal.reason as unknown;
      },
    });
    const call = rig.call('A.waits', [{ signal: controller.signal }]);
    await settle();
    controller.abort(new RangeError('enough'));
    const reason = await call;
    expect(reason).toBeInstanceOf(RangeError);
    expect(reason).toMatchObject({ message: 'enough' });
    await rig.pool.drain();
  });

  it('that have already aborted are aborted from the start', async () => {
    const rig = new PoolRig({ 'A.looks': (signal: AbortSignal) => [signal.aborted, signal.reason] });
    expect(await rig.call('A.looks', [AbortSignal.abort(new TypeError('before'))])).toEqual([true, new TypeError('before')]);
    await rig.pool.drain();
  });

  it('abort, too, when the call does', async () => {
    let reason: unknown;
    const rig = new PoolRig({
      'A.waits': (signal: AbortSignal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason);
          }),
        ),
    });
    const call = rejection(rig.call('A.waits', [new AbortController().signal], { handlerTimeout: 100 }));
    await rig.clock.advance(100);
    expect(await call).toMatchObject({ code: 'FLAME_TIMEOUT' });
    await settle();
    expect(reason).toMatchObject({ code: 'FLAME_TIMEOUT' });
    expect(load(rig)).toBe(0);
    await rig.pool.drain();
  });

  it('are released with their call, and hold no slot', async () => {
    const { signal } = new AbortController();
    const events: string[] = [];
    signal.addEventListener = ((type: string) => events.push(`add ${type}`)) as typeof signal.addEventListener;
    signal.removeEventListener = ((type: string) => events.push(`remove ${type}`)) as typeof signal.removeEventListener;
    const rig = new PoolRig({ 'A.gives': (given: AbortSignal) => ({ given }) });
    const { given } = (await rig.call('A.gives', [signal])) as { given: AbortSignal };
    expect(given.aborted).toBe(false);
    expect(load(rig)).toBe(0);
    expect(events).toEqual(['add abort', 'remove abort']);
    await rig.pool.drain();
  });
});
