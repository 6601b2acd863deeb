import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import { settle } from '../../../../../test/support/virtual-clock.js';
import { FlameCall } from './flame-call.js';

describe('ActiveCall', () => {
  it('calls the listeners of its signal in its own context, whatever aborts it', async () => {
    const tenant = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    const rig = new PoolRig({
      'A.works': (name) =>
        tenant.run(String(name), async () => {
          const call = FlameCall.current()!;
          const aborted = new Promise<void>((resolve) =>
            call.signal.addEventListener('abort', () => {
              heard.push([tenant.getStore(), FlameCall.current() === call]);
              resolve();
            }),
          );
          await aborted;
        }),
    });
    const aborts = ['a', 'b'].map(() => new AbortController());
    const calls = ['a', 'b'].map((name, index) => failure(rig.call('A.works', [name], { signal: aborts[index]!.signal })));
    await settle();
    for (const abort of aborts) tenant.run('the aborter', () => abort.abort());
    await Promise.all(calls);
    await settle();
    expect(heard).toEqual([
      ['a', true],
      ['b', true],
    ]);
    await rig.pool.drain();
  });
});
