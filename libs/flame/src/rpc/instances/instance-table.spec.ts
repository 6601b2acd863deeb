import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../system/system-clock.js';
import { InstanceTable } from './instance-table.js';

describe('InstanceTable', () => {
  it('looks round, dials and logs without the context of the call that needed it first', async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const look = (what: string): void => void seen.push([what, request.getStore()]);
    let again = (): void => {};
    const lookedAgain = new Promise<void>((resolve) => (again = resolve));
    let looks = 0;
    const table = new InstanceTable({
      id: 'me',
      refreshEvery: 1,
      clock: new SystemClock(),
      log: { debug: look, log: look, warn: look, error: look },
      discovery: {
        find: async () => {
          look('find');
          if (++looks === 3) again();
          return [{ address: '127.0.0.1:1' }];
        },
      },
      dial: () => {
        look('dial');
        return Promise.reject(new Error('nobody'));
      },
    });
    await request.run('first', () => table.ready);
    await lookedAgain;
    await table.close(0);
    expect(seen).toContainEqual(['dial', undefined]);
    expect(seen.filter((sighting) => (sighting as unknown[])[1] !== undefined)).toEqual([]);
    expect(seen).toContainEqual([expect.stringMatching(/^no instance answers/), undefined]);
  });
});
