import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../testing/virtual-clock.js';
import { ActiveCall } from './active-call.js';
import type { CallHost } from './active-call.js';
import { ActiveCalls } from './active-calls.js';
import type { HandlerTable } from './handler-table.js';

/** The calls of a runner, with what its watchdog was told last and the handlers of the calls that timed out. */
function watched() {
  const clock = new VirtualClock();
  const told = { at: Infinity, name: '' };
  const due: string[] = [];
  const watchdog = { busy: () => {}, deadline: (at: number, name: string) => void Object.assign(told, { at, name }) };
  const names: string[] = [];
  const host: CallHost = {
    pool: 'pool',
    runnerId: 'pool-1',
    now: () => clock.now(),
    name: (handler) => names[handler]!,
    progress: () => {},
  };
  const calls = new ActiveCalls({ clock, watchdog, table: {} as HandlerTable }, host);
  /** A call that runs until `at`. */
  const begin = (name: string, at: number): ActiveCall => {
    const id = names.push(name) - 1;
    const call = new ActiveCall(host, id, id, 'call', true, 1, at);
    call.whenAborted(() => void due.push(`${name}: ${call.reason!.code}`));
    calls.add(call);
    return call;
  };
  return { clock, told, due, calls, begin };
}

describe('ActiveCalls', () => {
  it('sends the watchdog the earliest deadline of running calls', () => {
    const { told, begin } = watched();
    begin('later', 20_000);
    begin('sooner', 3_000);
    expect(told).toEqual({ at: 3_000, name: 'sooner' });
  });

  it('removes the deadline of a call that has ended from the watchdog', () => {
    const { told, calls, begin } = watched();
    calls.remove(begin('short', 3_000));
    expect(told.at).toBe(Infinity);
    begin('long', 20_500);
    expect(told).toEqual({ at: 20_500, name: 'long' });
  });

  it('aborts a call whose time is up, and sends the watchdog the next deadline', async () => {
    const { clock, told, due, begin } = watched();
    begin('sooner', 3_000);
    begin('later', 5_000);
    await clock.advance(3_000);
    expect(due).toEqual(['sooner: FLAME_TIMEOUT']);
    expect(told).toEqual({ at: 5_000, name: 'later' });
    await clock.advance(2_000);
    expect(due).toEqual(['sooner: FLAME_TIMEOUT', 'later: FLAME_TIMEOUT']);
    expect(told.at).toBe(Infinity);
  });

  it('leaves it to the parent to end a call that a debugger held at its deadline', async () => {
    const { clock, told, due, begin } = watched();
    let debugged = true;
    Object.assign(clock, { debugged: () => debugged });
    const held = begin('held', 3_000);
    begin('later', 5_000);
    await clock.advance(4_000);
    expect([due, held.deadline]).toEqual([[], Infinity]);
    expect(told).toEqual({ at: 5_000, name: 'later' });
    debugged = false;
    await clock.advance(1_000);
    expect(due).toEqual(['later: FLAME_TIMEOUT']);
  });
});
