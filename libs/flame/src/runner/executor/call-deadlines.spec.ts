import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../testing/virtual-clock.js';
import type { ActiveCall } from './active-call.js';
import { CallDeadlines } from './call-deadlines.js';

/** Deadlines whose watchdog writes down what it is told last. */
function watched(): { clock: VirtualClock; told: { at: number; name: string }; deadlines: CallDeadlines; due: string[] } {
  const clock = new VirtualClock();
  const told = { at: Infinity, name: '' };
  const due: string[] = [];
  const watchdog = { deadline: (at: number, name: string) => void Object.assign(told, { at, name }) };
  return { clock, told, due, deadlines: new CallDeadlines({ clock, watchdog, onDue: ({ name }) => due.push(name) }) };
}

function work(name: string, at: number): ActiveCall {
  return { name, at, heapIndex: -1, lane: -1, earlier: undefined, later: undefined } as unknown as ActiveCall;
}

describe('WorkDeadlines', () => {
  it('sends the watchdog the earliest deadline of running work', () => {
    const { told, deadlines } = watched();
    deadlines.put(work('later', 20_000));
    deadlines.put(work('sooner', 3_000));
    expect(told).toEqual({ at: 3_000, name: 'sooner' });
  });

  it('removes the deadline of work that has ended from the watchdog', () => {
    const { told, deadlines } = watched();
    const short = work('short', 3_000);
    deadlines.put(short);
    deadlines.remove(short);
    expect(told.at).toBe(Infinity);
    deadlines.put(work('long', 20_500));
    expect(told).toEqual({ at: 20_500, name: 'long' });
  });

  it('reports work whose time is up, and sends the watchdog the next deadline', async () => {
    const { clock, told, due, deadlines } = watched();
    deadlines.put(work('sooner', 3_000));
    deadlines.put(work('later', 5_000));
    await clock.advance(3_000);
    expect(due).toEqual(['sooner']);
    expect(told).toEqual({ at: 5_000, name: 'later' });
    await clock.advance(2_000);
    expect(due).toEqual(['sooner', 'later']);
    expect(told.at).toBe(Infinity);
  });

  it('leaves it to the parent to end work that a debugger held at its deadline', async () => {
    const { clock, told, due, deadlines } = watched();
    let held = true;
    Object.assign(clock, { debugged: () => held });
    let unlimited = 0;
    deadlines.put(Object.assign(work('held', 3_000), { unlimited: () => (unlimited += 1) }));
    deadlines.put(work('later', 5_000));
    await clock.advance(4_000);
    expect([due, unlimited]).toEqual([[], 1]);
    expect(told).toEqual({ at: 5_000, name: 'later' });
    held = false;
    await clock.advance(1_000);
    expect(due).toEqual(['later']);
  });
});
