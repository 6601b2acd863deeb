import { describe, expect, it } from 'vitest';
import { MalformedError } from '../core/codec/codec.js';
import { Incoming } from './incoming.js';
import { windowItems } from './window.js';

function stream(granted = false): { incoming: Incoming; events: string[] } {
  const events: string[] = [];
  const incoming = new Incoming(
    {
      decode: (bytes) => bytes[0],
      unreadable: (error) => error,
      grant: (count) => events.push(`grant ${count}`),
      onLeft: () => events.push('left'),
      onOver: () => events.push('over'),
    },
    granted,
  );
  return { incoming, events };
}

const item = (value: number): Uint8Array => Uint8Array.of(value);
const done = { done: true, value: undefined };

describe('Incoming', () => {
  it('requests a window when it is first read, and half a window when half was taken', async () => {
    const { incoming, events } = stream();
    const first = incoming.next();
    expect(events).toEqual([`grant ${windowItems}`]);
    for (let i = 0; i < windowItems; i++) incoming.item(item(i));
    expect(await first).toEqual({ done: false, value: 0 });
    for (let i = 1; i < windowItems; i++) expect(await incoming.next()).toEqual({ done: false, value: i });
    expect(events.slice(1)).toEqual([`grant ${windowItems / 2}`, `grant ${windowItems / 2}`]);
  });

  it('does not request items that were granted with the call', () => {
    const { incoming, events } = stream(true);
    incoming.item(item(1));
    void incoming.next();
    expect(events).toEqual([]);
  });

  it('answers reads in order, also those that wait at the end', async () => {
    const { incoming } = stream();
    const reads = [incoming.next(), incoming.next(), incoming.next()];
    incoming.item(item(1));
    incoming.end({ thrown: 'torn' });
    expect(await Promise.allSettled(reads)).toEqual([
      { status: 'fulfilled', value: { done: false, value: 1 } },
      { status: 'rejected', reason: 'torn' },
      { status: 'fulfilled', value: done },
    ]);
    expect(await incoming.next()).toEqual(done);
  });

  it('yields the items before the end, then the end', async () => {
    const { incoming, events } = stream(true);
    incoming.item(item(1));
    incoming.end({ thrown: 'torn' });
    expect(events).toEqual(['over']);
    expect(await incoming.next()).toEqual({ done: false, value: 1 });
    await expect(incoming.next()).rejects.toBe('torn');
    expect(await incoming.next()).toEqual(done);
    expect(events).toEqual(['over']);
  });

  it('drops unread items when it fails, but not after its end', async () => {
    const failing = stream(true).incoming;
    failing.item(item(1));
    failing.fail('gone');
    await expect(failing.next()).rejects.toBe('gone');
    const ended = stream(true).incoming;
    ended.item(item(1));
    ended.end();
    ended.fail('gone');
    expect([await ended.next(), await ended.next()]).toEqual([{ done: false, value: 1 }, done]);
  });

  it('reports once that its reader has stopped, and accepts no more items', async () => {
    const { incoming, events } = stream();
    const waiting = incoming.next();
    incoming.return();
    incoming.return();
    incoming.item(item(1));
    incoming.end({ thrown: 'torn' });
    expect([await waiting, await incoming.next()]).toEqual([done, done]);
    expect(events).toEqual([`grant ${windowItems}`, 'left', 'over']);
  });

  it('reports no reader that stops after the end', async () => {
    const { incoming, events } = stream(true);
    incoming.item(item(1));
    incoming.end();
    incoming.return();
    expect(await incoming.next()).toEqual(done);
    expect(events).toEqual(['over']);
  });

  it('refuses more items than it requested', () => {
    expect(() => stream().incoming.item(item(1))).toThrow(MalformedError);
    const { incoming } = stream(true);
    for (let i = 0; i < windowItems; i++) incoming.item(item(i));
    expect(() => incoming.item(item(99))).toThrow(MalformedError);
  });
});
