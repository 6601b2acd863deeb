import { describe, expect, it } from 'vitest';
import { LinkRecorder } from '../../../../../test/support/link-recorder.js';
import { RecordingLog } from '../../../../../test/support/pool-rig.js';
import { createCodec } from '../../core/codec/create-codec.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Frame } from '../../core/session/frame.js';
import { VirtualClock } from '../../testing/virtual-clock.js';
import type { LinkEnd } from '../../transport/session/link.js';
import { memoryLinks } from '../../transport/session/memory-link.js';
import { Executor } from './executor.js';
import type { HandlerTable } from './handler-table.js';

const codec = createCodec();

const table: HandlerTable = {
  invoke(handler, args) {
    if (handler === 0) return Promise.resolve(args[0]);
    if (handler === 1) return new Promise(() => {});
    throw new FlameError('FLAME_DENIED', 'no such handler');
  },
  name: (handler) => ['A.echo', 'A.stays'][handler] ?? `handler ${handler}`,
  child: () => undefined,
  tracks: () => undefined,
};

const call = (id: number, more: Partial<Frame & { type: 'call' }> = {}): Frame => ({
  type: 'call',
  id,
  handler: 0,
  args: codec.encode([id]),
  mode: 'call',
  handlerTimeout: 0,
  linked: true,
  attempt: 1,
  ...more,
});

/** A runner's end, whose parent is the test. */
function rig() {
  const { parent, runner } = memoryLinks();
  const heard = new LinkRecorder();
  parent.open(heard);
  let ended!: (end: LinkEnd) => void;
  const end = new Promise<LinkEnd>((resolve) => (ended = resolve));
  const executor = new Executor({
    link: runner,
    table,
    codec,
    info: { pool: 'p', runner: 'p-1' },
    clock: new VirtualClock(),
    log: new RecordingLog(),
    onLeave: () => {},
    onEnd: ended,
  });
  runner.open(executor);
  return { parent, heard, end };
}

/** What is refused, after which the runner goes on. */
const refused: Record<string, readonly [Frame, Partial<Frame>]> = {
  'a handler that there is not': [call(1, { handler: 99 }), { type: 'throw' }],
  'arguments that are none': [call(1, { args: Buffer.from([0xc1, 0xff]) }), { type: 'refuse', code: 'FLAME_ENCODING' }],
  'a child of a class that there is not': [call(1, { mode: 'child', handler: 99 }), { type: 'refuse', code: 'FLAME_DENIED' }],
  'a method of a child that there is not': [call(1, { child: 77, method: '__proto__' }), { type: 'refuse' }],
};

/** What is about work that does not run here, which a cancelled call's frames may be, too. */
const ignored: readonly Frame[] = [
  { type: 'cancel', id: 4_000_000_000, cause: 'caller', reason: '' },
  { type: 'release', id: 9, resource: 9 },
  { type: 'item', id: 9, stream: 9, value: Buffer.from([0xc1]) },
  { type: 'credit', id: 9, stream: 9, count: Number.MAX_SAFE_INTEGER },
  { type: 'stop', id: 9, stream: 9 },
];

/** What ends the session. */
const violations: Record<string, readonly Frame[]> = {
  'results, which only runners send': [{ type: 'return', id: 1, value: codec.encode(1), held: false }],
  'a goodbye that is a runner’s': [{ type: 'leaving', reason: 'SIGTERM' }],
  'two calls of one number': [call(1, { handler: 1 }), call(1)],
};

describe('A runner whose parent sends malformed frames', () => {
  for (const [what, [frame, answer]] of Object.entries(refused)) {
    it(`refuses ${what}, and goes on`, async () => {
      const { parent, heard } = rig();
      parent.send(frame);
      parent.send(call(2));
      await heard.first(2);
      expect(heard.frames[0]).toMatchObject({ id: 1, ...answer });
      expect(heard.frames[1]).toMatchObject({ type: 'return', id: 2 });
    });
  }

  it('ignores frames about calls that it does not have', async () => {
    const { parent, heard } = rig();
    for (const frame of ignored) parent.send(frame);
    parent.send(call(2));
    await heard.first(1);
    expect(heard.frames).toEqual([expect.objectContaining({ type: 'return', id: 2 })]);
    expect(heard.ends).toEqual([]);
  });

  for (const [what, frames] of Object.entries(violations)) {
    it(`ends the session that brings ${what}`, async () => {
      const { parent, end } = rig();
      for (const frame of frames) parent.send(frame);
      expect(await end).toMatchObject({ how: 'violation' });
    });
  }

  it('gets no prototype from the names of properties in arguments', async () => {
    const { parent, heard } = rig();
    const named = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as object;
    parent.send(call(1, { args: codec.encode([named]) }));
    await heard.first(1);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const [frame] = heard.frames as [Frame & { type: 'return' }];
    expect((codec.decode(frame.value) as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('is not brought down by arguments that hold themselves 100,000 deep', async () => {
    const { parent, heard } = rig();
    // Arrays of one in msgpack, each in the next.
    parent.send(call(1, { args: Buffer.alloc(100_000, 0x91) }));
    parent.send(call(2));
    await heard.first(2);
    expect(heard.frames[0]).toMatchObject({ type: 'refuse', code: 'FLAME_ENCODING' });
  });
});
