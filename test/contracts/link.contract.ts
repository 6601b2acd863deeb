import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '../../libs/flame/src/core/session/frame.js';
import type { Link } from '../../libs/flame/src/transport/session/link.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { large, numbered, numbersOf, upTo } from '../support/numbered-frames.js';

/** What the suite is run against: something that makes sessions. */
export interface LinkRig {
  /** A new session's two ends, neither of them opened. */
  pair(): Promise<{ parent: Link; runner: Link }>;
  /** Ends everything it made. */
  close(): Promise<void>;
}

/** The rules that every kind of link keeps, in both directions. */
export function linkContract(name: string, makeRig: () => Promise<LinkRig>): void {
  describe(`${name} keeps the contract of links`, () => {
    let rig: LinkRig;
    let ends: { parent: Link; runner: Link };

    beforeEach(async () => {
      rig = await makeRig();
      ends = await rig.pair();
    });

    afterEach(() => rig.close());

    for (const [from, to] of [
      ['parent', 'runner'],
      ['runner', 'parent'],
    ] as const) {
      describe(`from ${from} to ${to}`, () => {
        it('delivers frames in order, each once', async () => {
          const there = opened(ends[to]);
          for (const id of upTo(2_000)) {
            ends[from].send(numbered(id));
            if (id % 300 === 0) await nextTurn();
          }
          await there.first(2_000);
          await echo(ends, from, there);
          expect(numbersOf(there.frames)).toEqual([...upTo(2_000), 9_999]);
        });

        it('delivers a frame of each kind unchanged', async () => {
          const there = opened(ends[to]);
          for (const frame of oneOfEach) ends[from].send(frame);
          expect(plain(await there.first(oneOfEach.length))).toEqual(plain(oneOfEach));
        });

        it('delivers the frames that were sent in one turn of the event loop within one turn', async () => {
          const turns: number[] = [];
          let turn = 0;
          let counting = true;
          const count = (): void => {
            turn++;
            if (counting) setImmediate(count);
          };
          count();
          const there = opened(ends[to], () => turns.push(turn));
          await nextTurn();
          for (const id of upTo(50)) ends[from].send(numbered(id));
          await Promise.resolve().then(() => ends[from].send(numbered(51)));
          await there.first(51);
          counting = false;
          expect(new Set(turns).size).toBe(1);
        });

        it('never delivers within send', async () => {
          let sending = false;
          const during: boolean[] = [];
          const there = opened(ends[to], () => during.push(sending));
          for (const id of upTo(10)) {
            sending = true;
            ends[from].send(numbered(id));
            sending = false;
          }
          await there.first(10);
          expect(during).toEqual(Array.from({ length: 10 }, () => false));
        });

        it('delivers a large payload unchanged', async () => {
          const there = opened(ends[to]);
          const sent = large(1, 5 * 1024 * 1024 + 7);
          ends[from].send(sent);
          const [came] = (await there.first(1)) as [typeof sent];
          expect(Buffer.compare(came.value, sent.value)).toBe(0);
        });

        it('keeps the order of frames of one call, also behind a large one', async () => {
          const there = opened(ends[to]);
          ends[from].send({ type: 'progress', id: 1, value: Buffer.from('before') });
          ends[from].send(large(1, 3 * 1024 * 1024));
          ends[from].send({ type: 'progress', id: 1, value: Buffer.from('after') });
          ends[from].send(large(1, 1024 * 1024));
          ends[from].send({ type: 'ended', id: 1, reason: 'last' });
          const came = await there.first(5);
          expect(came.map((frame) => frame.type)).toEqual(['progress', 'return', 'progress', 'return', 'ended']);
          expect(came.map((frame) => ('value' in frame ? frame.value.length : 0))).toEqual([6, 3 * 1024 * 1024, 5, 1024 * 1024, 0]);
        });

        it('delivers many large payloads at once', async () => {
          const there = opened(ends[to]);
          for (const id of upTo(100)) ends[from].send(large(id, 300 * 1024 + id));
          const came = await there.first(100);
          expect(numbersOf(came).sort((a, b) => a - b)).toEqual(upTo(100));
          for (const frame of came as Extract<Frame, { type: 'return' }>[]) {
            expect(Buffer.compare(frame.value, large(frame.id, 300 * 1024 + frame.id).value)).toBe(0);
          }
        });

        it('keeps frames that arrive before open', async () => {
          const back = opened(ends[from]);
          for (const id of upTo(20)) ends[from].send(numbered(id));
          // Once an answer is here, what was sent before it has long arrived.
          ends[to].send(numbered(1));
          await back.first(1);
          const there = opened(ends[to]);
          expect(there.frames).toEqual([]);
          expect(numbersOf(await there.first(20))).toEqual(upTo(20));
        });

        it('delivers the frames that were sent before close, then reports that the other end left', async () => {
          const here = opened(ends[from]);
          const there = opened(ends[to]);
          for (const id of upTo(100)) ends[from].send(numbered(id));
          ends[from].send(large(101, 2 * 1024 * 1024));
          await ends[from].close('no more work');
          expect(await there.ended).toEqual({ how: 'left', reason: 'no more work' });
          expect(await here.ended).toEqual({ how: 'closed', reason: 'no more work' });
          expect(numbersOf(there.frames)).toEqual(upTo(101));
          expect([...here.events, ...there.events]).not.toContain('suspended');
        });

        it('delivers no more frames after it was closed, and reports the end once', async () => {
          const here = opened(ends[from]);
          const there = opened(ends[to]);
          ends[to].send(numbered(1));
          await here.first(1);
          const closing = ends[from].close('first');
          ends[from].send(numbered(2));
          ends[to].send(numbered(3));
          await Promise.all([closing, ends[from].close('second'), ends[to].close('third')]);
          await Promise.all([here.ended, there.ended]);
          ends[to].send(numbered(4));
          ends[from].send(numbered(5));
          await nextTurn();
          expect(numbersOf(here.frames)).toEqual([1]);
          expect(there.frames).toEqual([]);
          expect(here.ends).toEqual([{ how: 'closed', reason: 'first' }]);
          expect(there.ends).toHaveLength(1);
          expect(ends[from].backlog).toBe(0);
          expect(ends[to].backlog).toBe(0);
        });

        it('reports its end also when it is opened afterwards', async () => {
          const there = opened(ends[to]);
          ends[from].send(numbered(1));
          await there.first(1);
          await ends[to].close('too late');
          const here = new LinkRecorder();
          ends[from].open(here);
          expect((await here.ended).how).toBe('left');
        });

        it('ends the session when the receiver throws', async () => {
          const there = new LinkRecorder(() => {
            throw new Error('I know no such call');
          });
          ends[to].open(there);
          const here = opened(ends[from]);
          ends[from].send(numbered(1));
          ends[from].send(numbered(2));
          const end = await there.ended;
          expect(end.how).toBe('violation');
          expect(end.reason).toContain('I know no such call');
          expect(there.frames).toHaveLength(1);
          expect((await here.ended).how).toBe('left');
          expect(here.ends[0]!.reason).toContain('I know no such call');
        });

        it('counts frames that have not been written as backlog', async () => {
          const there = opened(ends[to]);
          const here = opened(ends[from]);
          expect(ends[from].backlog).toBe(0);
          ends[from].send(large(1, 4 * 1024 * 1024));
          ends[from].send(numbered(2));
          expect(ends[from].backlog).toBeGreaterThan(4 * 1024 * 1024);
          await there.first(2);
          ends[to].send(numbered(3));
          await here.first(1);
          expect(ends[from].backlog).toBe(0);
        });

        it('runs the receiver outside of the contexts in which frames are sent or the link is opened', async () => {
          const storage = new AsyncLocalStorage<string>();
          const fresh = await makeRig();
          const booted = await storage.run('booter', () => fresh.pair());
          const seen: (string | undefined)[] = [];
          const there = new LinkRecorder(() => seen.push(storage.getStore()));
          await storage.run('sender', async () => {
            booted[from].send(numbered(1));
            const back = opened(booted[from]);
            booted[to].send(numbered(1));
            await back.first(1);
            storage.run('opener', () => booted[to].open(there));
            await there.first(1);
            booted[from].send(numbered(2));
            await there.first(2);
            booted[from].send(large(3, 1024 * 1024));
            await there.first(3);
          });
          await fresh.close();
          expect(seen).toHaveLength(3);
          // A runner dials once, at its start: the context that it does that in is its own.
          for (const context of seen) expect(to === 'parent' ? [undefined] : [undefined, 'booter']).toContain(context);
        });
      });
    }

    it('separates sessions', async () => {
      const other = await rig.pair();
      const here = opened(ends.runner);
      const there = opened(other.runner);
      opened(ends.parent);
      opened(other.parent);
      ends.parent.send(numbered(1));
      other.parent.send(numbered(2));
      await Promise.all([here.first(1), there.first(1)]);
      await ends.parent.close('only this one');
      other.parent.send(numbered(3));
      await there.first(2);
      expect(numbersOf(here.frames)).toEqual([1]);
      expect(numbersOf(there.frames)).toEqual([2, 3]);
      expect(there.ends).toEqual([]);
    });

    it('supports large payloads both ways at once', async () => {
      const here = opened(ends.parent);
      const there = opened(ends.runner);
      for (const id of upTo(24)) {
        ends.parent.send(large(id, 700 * 1024));
        ends.runner.send(large(id, 900 * 1024));
      }
      await Promise.all([here.first(24), there.first(24)]);
      expect(here.frames).toHaveLength(24);
      expect(there.frames).toHaveLength(24);
    });
  });
}

/** What a link over a wire owes beside: large payloads do not hold up small ones. */
export function fairLinkContract(name: string, makeRig: () => Promise<LinkRig>): void {
  describe(`${name} is fair`, () => {
    let rig: LinkRig;
    beforeEach(async () => {
      rig = await makeRig();
    });
    afterEach(() => rig.close());

    it('delivers small frames before a large one that was sent earlier', async () => {
      const { parent, runner } = await rig.pair();
      const there = opened(runner);
      parent.send(large(1, 5 * 1024 * 1024));
      for (const id of upTo(10)) parent.send(numbered(id + 1));
      await there.first(11);
      expect(numbersOf(there.frames)).toEqual([...upTo(10).map((id) => id + 1), 1]);
    });

    it('alternates between large frames', async () => {
      const { parent, runner } = await rig.pair();
      const there = opened(runner);
      parent.send(large(1, 20 * 1024 * 1024));
      parent.send(large(2, 1024 * 1024));
      await there.first(2);
      expect(numbersOf(there.frames)).toEqual([2, 1]);
    });
  });
}

/** Sends one more frame the same way and waits for it: what would come twice has come by then. */
async function echo(ends: { parent: Link; runner: Link }, from: 'parent' | 'runner', there: LinkRecorder): Promise<void> {
  const count = there.frames.length;
  ends[from].send(numbered(9_999));
  await there.until(() => there.frames.length > count);
}

function opened(link: Link, onFrame?: (frame: Frame) => void): LinkRecorder {
  const recorder = new LinkRecorder(onFrame);
  link.open(recorder);
  return recorder;
}

/** Buffers and Uint8Arrays of equal content become equal. */
function plain(frames: readonly Frame[]): unknown[] {
  return frames.map((frame) =>
    Object.fromEntries(
      Object.entries(frame).map(([key, value]) => [key, value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value]),
    ),
  );
}

const bytes = Buffer.from([1, 2, 3]);

const oneOfEach: readonly Frame[] = [
  { type: 'call', id: 1, handler: 3, args: bytes, mode: 'call', handlerTimeout: 30_000, linked: true, attempt: 1 },
  { type: 'call', id: 2, handler: 0, args: Buffer.alloc(0), mode: 'cast', handlerTimeout: 0, linked: false, attempt: 2, context: bytes },
  {
    type: 'call',
    id: 3,
    handler: 1,
    args: bytes,
    mode: 'child',
    handlerTimeout: 1.5,
    linked: true,
    attempt: 1,
    child: 7,
    method: 'größe',
    trace: '00-a-b-01',
  },
  {
    type: 'call',
    id: 4,
    handler: 0,
    args: bytes,
    mode: 'call',
    handlerTimeout: 0,
    linked: true,
    attempt: 1,
    trace: { traceId: 'a', spanId: 'b' },
    tracks: false,
  },
  { type: 'cancel', id: 1, cause: 'timeout', reason: 'late' },
  { type: 'cancel', id: 1, cause: 'leaving', reason: '' },
  { type: 'ask' },
  { type: 'leave', grace: 30_000, reason: 'idle' },
  { type: 'release', id: 1, resource: 0 },
  { type: 'return', id: 4_294_967_296, value: bytes, held: true },
  { type: 'throw', id: 1, error: bytes, held: false },
  { type: 'refuse', id: 1, code: 'FLAME_DENIED', ran: 'no', reason: 'unknown', held: false },
  { type: 'accept', id: 1 },
  { type: 'ended', id: 1, reason: '' },
  { type: 'ended', id: 2, reason: 'done', byItself: true },
  { type: 'progress', id: 1, value: Buffer.alloc(0) },
  { type: 'position', id: 1, known: true, text: '1:1:0/3000148' },
  { type: 'position', id: 1, known: false, text: 'recovery is in progress' },
  { type: 'consent', yes: true },
  { type: 'consent', yes: false },
  { type: 'leaving', reason: 'SIGTERM' },
  { type: 'tainted', reason: 'Videos.encode' },
  { type: 'log', id: 0, level: 'warn', text: 'a line' },
  { type: 'stats', text: '{}' },
  { type: 'probe', id: 1 },
  { type: 'probed', id: 1, time: 1_764_009_000_000.5 },
  { type: 'item', id: 1, stream: 0, value: bytes },
  { type: 'end', id: 1, stream: 2 },
  { type: 'end', id: 1, stream: 2, error: Buffer.alloc(0) },
  { type: 'credit', id: 1, stream: 0, count: 16 },
  { type: 'stop', id: 1, stream: 1 },
];
