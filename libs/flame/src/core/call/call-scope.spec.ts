import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../../test/support/virtual-clock.js';
import { FlameError } from '../errors/flame-error.js';
import { AbortListeners } from './abort-listeners.js';
import { CallScope } from './call-scope.js';
import type { CallScopeSetup } from './call-scope.js';

const late = (): FlameError => new FlameError('FLAME_TIMEOUT', 'late');
const left = ({ reason }: AbortSignal): FlameError => new FlameError('FLAME_CANCELLED', String(reason));

class Rig {
  readonly clock = new VirtualClock();
  readonly told: string[] = [];

  scope(more: Partial<CallScopeSetup> = {}): CallScope {
    const record = {
      ran: () => {},
      ended: (error?: unknown) => void this.told.push(`span ended: ${(error as Error | undefined)?.message}`),
    };
    const scope = new CallScope({ clock: this.clock, listeners: new AbortListeners(), record, ...more });
    scope.whenEnded(({ message }) => this.told.push(`ended: ${message}`));
    return scope;
  }
}

describe('CallScope', () => {
  it('ends at the nearest of its limits, and aborts its signal with the error', async () => {
    const rig = new Rig();
    const scope = rig.scope();
    scope.limit(100, () => new FlameError('FLAME_TIMEOUT', 'far'));
    scope.limit(50, late);
    scope.limit(Infinity, late);
    expect([scope.at, scope.left]).toEqual([50, 50]);
    const { signal } = scope;
    await rig.clock.advance(49);
    expect(signal.aborted).toBe(false);
    await rig.clock.advance(1);
    expect(signal.reason).toBe(scope.reason);
    expect(scope.reason).toMatchObject({ code: 'FLAME_TIMEOUT', message: 'late' });
    await rig.clock.advance(100);
    expect(rig.told).toEqual(['span ended: late', 'ended: late']);
  });

  it("ends its span with the answer, and stays open for the answer's streams until a signal aborts", () => {
    const rig = new Rig();
    const scope = rig.scope({ onProgress: () => {} });
    const consumer = new AbortController();
    scope.follow(consumer.signal, left);
    scope.answered();
    scope.answered(new Error('again'));
    expect([rig.told, scope.takesProgress]).toEqual([['span ended: undefined'], true]);
    consumer.abort('has left');
    expect([rig.told, scope.takesProgress]).toEqual([['span ended: undefined', 'ended: has left'], false]);
  });

  it('ends with the first signal that aborts, and releases the clock and the other signals', async () => {
    const rig = new Rig();
    const scope = rig.scope();
    const [one, other] = [new AbortController(), new AbortController()];
    scope.limit(50, late);
    scope.follow(one.signal, left);
    scope.follow(other.signal, left);
    scope.follow(undefined, left);
    other.abort('the user left');
    one.abort('too late');
    await rig.clock.advance(50);
    expect(scope.reason).toMatchObject({ code: 'FLAME_CANCELLED', message: 'the user left' });
    expect(scope.signal.reason).toBe(scope.reason);
    expect(rig.clock.pending).toBe(0);
    expect(getEventListeners(one.signal, 'abort')).toEqual([]);
    expect(rig.told).toEqual(['span ended: the user left', 'ended: the user left']);
  });

  it('has already ended when its signal has aborted or no time is left', () => {
    const rig = new Rig();
    const scope = rig.scope();
    scope.follow(AbortSignal.abort('gone before'), left);
    scope.limit(0, late);
    expect(scope.reason).toMatchObject({ message: 'gone before' });
    const none = rig.scope();
    none.limit(-1, late);
    expect(none.reason).toMatchObject({ message: 'late' });
    none.whenEnded(({ message }) => rig.told.push(`told at once: ${message}`));
    expect(rig.told.at(-1)).toBe('told at once: late');
  });

  it('holds nothing and does not end once it is closed', async () => {
    const rig = new Rig();
    const scope = rig.scope();
    const caller = new AbortController();
    scope.limit(50, late);
    scope.follow(caller.signal, left);
    scope.onRelease(() => rig.told.push('released'));
    scope.close();
    scope.close(new Error('again'));
    caller.abort('late');
    scope.end(late());
    await rig.clock.advance(100);
    expect([scope.reason, scope.signal.aborted, rig.clock.pending]).toEqual([undefined, false, 0]);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    expect(rig.told).toEqual(['released', 'span ended: undefined']);
  });

  it('settles like the work, or rejects with the error that ended the scope first', async () => {
    const rig = new Rig();
    expect(await rig.scope().within(Promise.resolve(1))).toBe(1);
    const scope = rig.scope();
    const pending = scope.within(new Promise(() => {}));
    scope.end(late());
    await expect(pending).rejects.toBe(scope.reason);
    await expect(scope.within(Promise.resolve(1))).rejects.toBe(scope.reason);
  });

  it('reports progress in the caller’s context until it is over, and survives errors of the listener', async () => {
    const rig = new Rig();
    const where = new AsyncLocalStorage<string>();
    const warned: unknown[] = [];
    const told: unknown[] = [];
    const listen = (value: unknown): unknown => {
      told.push([where.getStore(), value]);
      if (value === 'sync') throw new Error('sync');
      return value === 'async' ? Promise.reject(new Error('async')) : undefined;
    };
    const scope = where.run('caller', () => rig.scope({ onProgress: listen, warn: (error) => warned.push((error as Error).message) }));
    where.run('handler', () => {
      for (const value of [1, 'sync', 'async']) scope.progress(value);
    });
    scope.close();
    scope.progress(2);
    await rig.clock.settle();
    expect(told).toEqual(['caller', 'caller', 'caller'].map((at, index) => [at, [1, 'sync', 'async'][index]]));
    expect(warned).toEqual(['sync', 'async']);
  });
});
