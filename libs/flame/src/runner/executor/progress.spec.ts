import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import { settle } from '../../../../../test/support/virtual-clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { FlameCall } from './flame-call.js';

describe('Progress', () => {
  it('reaches onProgress in order and before the result', async () => {
    const rig = new PoolRig({
      'A.works': async () => {
        for (let done = 0; done < 5; done++) {
          FlameCall.current()!.progress({ done });
          if (done % 2) await settle(1);
        }
        FlameCall.current()!.progress({ large: 'x'.repeat(1 << 20) });
        return 'result';
      },
    });
    const told: unknown[] = [];
    const onProgress = (value: { done?: number }): void => void told.push(value.done ?? 'large');
    told.push(await rig.call('A.works', [], { onProgress: onProgress as (value: unknown) => void }));
    expect(told).toEqual([0, 1, 2, 3, 4, 'large', 'result']);
    await rig.pool.drain();
  });

  it('continues when onProgress throws or is missing', async () => {
    const rig = new PoolRig({
      'A.works': () => {
        FlameCall.current()!.progress(1);
        return 'result';
      },
    });
    const sync = (): never => {
      throw new Error('a bug of the app');
    };
    expect(await rig.call('A.works', [], { onProgress: sync })).toBe('result');
    expect(await rig.call('A.works', [], { onProgress: async () => sync() })).toBe('result');
    expect(await rig.call('A.works')).toBe('result');
    await settle();
    const line = 'warn pool "p": onProgress of A.works threw: a bug of the app';
    expect(rig.log.lines.filter((text) => text === line)).toHaveLength(2);
    await rig.pool.drain();
  });

  it('is dropped after the end, and refused if it cannot be encoded', async () => {
    let call: FlameCall | undefined;
    let refusal: unknown;
    const rig = new PoolRig({
      'A.works': () => {
        call = FlameCall.current()!;
        try {
          call.progress({ on: () => 1 });
        } catch (error) {
          refusal = error;
        }
        return 'result';
      },
    });
    const told: unknown[] = [];
    await rig.call('A.works', [], { onProgress: (value) => told.push(value) });
    call!.progress('late');
    await settle();
    expect(told).toEqual([]);
    expect(rig.pool.stats().runners).toMatchObject([{ id: 'p-test-1', state: 'ready' }]);
    expect(await rig.call('A.works')).toBe('result');
    expect(rig.pool.stats().runners).toMatchObject([{ id: 'p-test-1', served: 2 }]);
    expect(refusal).toBeInstanceOf(FlameError);
    expect((refusal as FlameError).message).toContain('the progress of A.works cannot cross to the parent: progress.on');
    await rig.pool.drain();
  });
});
