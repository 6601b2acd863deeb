import { describe, expect, it } from 'vitest';
import type { Frame } from '../../core/session/frame.js';
import { memoryLinks } from '../../transport/session/memory-link.js';
import type { MemoryLink } from '../../transport/session/memory-link.js';
import type { LinkEnd } from '../../transport/session/link.js';
import { settle } from '../../../../../test/support/virtual-clock.js';
import { MultiProcessLink } from './multi-process-link.js';

const call = (id: number, more: { child?: number } = {}): Frame => ({
  type: 'call',
  id,
  handler: 0,
  args: new Uint8Array(0),
  mode: 'call',
  handlerTimeout: 0,
  linked: true,
  attempt: 1,
  ...more,
});

const returned = (id: number, held = false): Frame => ({ type: 'return', id, value: new Uint8Array(0), held });

/** A fan over two processes, and what each of the three sees. */
function rig() {
  const processes = [memoryLinks(), memoryLinks()];
  const seen: Frame[][] = [[], []];
  const told: (Frame | LinkEnd | 'suspended' | 'resumed')[] = [];
  const fan = new MultiProcessLink(processes.map(({ parent }) => parent));
  fan.open({
    frame: (frame) => told.push(frame),
    closed: (end) => told.push(end),
    suspended: () => told.push('suspended'),
    resumed: () => told.push('resumed'),
  });
  const runners: MemoryLink[] = processes.map(({ runner }, index) => {
    runner.open({ frame: (frame) => seen[index]!.push(frame), closed: () => {} });
    return runner;
  });
  const ids = (index: number): number[] => seen[index]!.map((frame) => ('id' in frame ? frame.id : 0));
  return { fan, runners, seen, told, ids };
}

describe('MultiProcessLink', () => {
  it('sends a new call to the process with the least work, and its later frames, too', async () => {
    const { fan, runners, ids } = rig();
    for (const id of [1, 2, 3]) fan.send(call(id));
    fan.send({ type: 'cancel', id: 2, cause: 'caller', reason: 'left' });
    await settle();
    expect(ids(0)).toEqual([1, 3]);
    expect(ids(1)).toEqual([2, 2]);
    runners[0]!.send(returned(1));
    runners[0]!.send(returned(3));
    await settle();
    fan.send(call(4));
    await settle();
    expect(ids(0).slice(2)).toEqual([4]);
  });

  it("sends a child’s methods to the child's process", async () => {
    const { fan, ids } = rig();
    fan.send(call(1));
    fan.send(call(2));
    fan.send(call(3, { child: 2 }));
    fan.send(call(4, { child: 2 }));
    await settle();
    expect(ids(1)).toEqual([2, 3, 4]);
  });

  it('keeps the route to held work until it has ended', async () => {
    const { fan, runners, ids } = rig();
    fan.send(call(1));
    await settle();
    runners[0]!.send(returned(1, true));
    await settle();
    fan.send({ type: 'credit', id: 1, stream: 0, count: 5 });
    await settle();
    runners[0]!.send({ type: 'ended', id: 1, reason: '' });
    await settle();
    fan.send({ type: 'credit', id: 1, stream: 0, count: 5 });
    await settle();
    expect(ids(0)).toEqual([1, 1]);
  });

  it('consents when every process does', async () => {
    const { fan, runners, told } = rig();
    for (const [second, answer] of [
      [true, true],
      [false, false],
    ] as const) {
      fan.send({ type: 'ask' });
      await settle();
      runners[0]!.send({ type: 'consent', yes: true });
      await settle();
      runners[1]!.send({ type: 'consent', yes: second });
      await settle();
      expect(told.splice(0)).toEqual([{ type: 'consent', yes: answer }]);
    }
  });

  it('loses the calls of a process that dies, and sends it no more', async () => {
    const { fan, runners, told } = rig();
    fan.send(call(1));
    fan.send(call(2));
    await settle();
    runners[1]!.drop('killed');
    await settle();
    expect(told).toMatchObject([{ type: 'refuse', id: 2, code: 'FLAME_LOST', ran: 'maybe' }, { type: 'leaving' }]);
    runners[0]!.send(returned(1));
    await settle();
    expect(told.at(-1)).toMatchObject({ type: 'return', id: 1 });
  });

  it('drops a disconnected process at once when the first one reports its death', async () => {
    const { fan, runners, told } = rig();
    fan.send(call(1));
    fan.send(call(2));
    await settle();
    runners[1]!.cut();
    runners[0]!.send({ type: 'leaving', reason: 'process 2 of 2 ended: exit code 1' });
    await settle();
    expect(told).toMatchObject(['suspended', { type: 'leaving' }, 'resumed', { type: 'refuse', id: 2, code: 'FLAME_LOST' }]);
  });

  it('is closed when all processes are', async () => {
    const { runners, told } = rig();
    await runners[0]!.close('bye');
    await settle();
    expect(told.filter((news) => typeof news === 'object' && 'how' in news)).toEqual([]);
    await runners[1]!.close('bye');
    await settle();
    expect(told.at(-1)).toMatchObject({ how: 'left', reason: 'bye' });
  });
});
