import { join } from 'node:path';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CarriedTrace } from '../../core/call/call-tracer.js';
import { enterFrame, readFrame, readNumbers } from './packet-reader.js';
import { PacketDraft, writeFrame } from './packet-writer.js';
import { helloPacket, readAbout, readHello, readWelcome, welcomePacket } from './introduction.js';
import { ProtoReader, ProtoWriter, Violation } from './protobuf.js';
import type { WireFrame } from './wire-frame.js';

/** The contract, as any other implementation reads it. */
const definition = loadSync(join(__dirname, '../../../../../proto/flame/v1/runners.proto'), {
  keepCase: true,
  longs: Number,
  enums: String,
});
const { Attach } = definition['flame.v1.Runners'] as unknown as {
  Attach: { requestSerialize(value: object): Buffer; requestDeserialize(bytes: Buffer): Loaded };
};
const kindNames = new Map(
  (definition['flame.v1.Kind'] as unknown as { type: { value: { name: string; number: number }[] } }).type.value.map(({ name, number }) => [
    name.toLowerCase(),
    number,
  ]),
);

/** A packet as proto-loader gives it. */
interface Loaded {
  seq?: number;
  ack?: number;
  hello?: Record<string, unknown>;
  welcome?: Record<string, unknown>;
  frames?: Record<string, unknown>[];
}

const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const bytes = fc.uint8Array({ maxLength: 400 });
const time = fc.double({ min: 0, noNaN: true });
const text = fc.string({ unit: 'grapheme', maxLength: 200 });

const frames: fc.Arbitrary<WireFrame> = fc.oneof(
  fc.record(
    {
      type: fc.constant('call' as const),
      id: number,
      handler: fc.nat(0xffffffff),
      args: bytes,
      mode: fc.constantFrom('call', 'cast', 'child'),
      handlerTimeout: time,
      linked: fc.boolean(),
      attempt: fc.nat(0xffffffff),
      context: bytes,
      child: number,
      method: text,
      trace: fc.oneof(text, fc.record({ traceId: text, spanId: text })),
      tracks: fc.boolean(),
      position: fc.constant(true),
    },
    { requiredKeys: ['type', 'id', 'handler', 'args', 'mode', 'handlerTimeout', 'linked', 'attempt'] },
  ),
  fc.record({ type: fc.constant('cancel' as const), id: number, cause: fc.constantFrom('timeout', 'caller', 'leaving'), reason: text }),
  fc.constant({ type: 'ask' as const }),
  fc.record({ type: fc.constant('leave' as const), grace: time, reason: text }),
  fc.record({ type: fc.constant('release' as const), id: number, resource: number }),
  fc.record({ type: fc.constant('return' as const), id: number, value: bytes, held: fc.boolean() }),
  fc.record({ type: fc.constant('throw' as const), id: number, error: bytes, held: fc.boolean() }),
  fc.record({ type: fc.constant('refuse' as const), id: number, code: text, ran: text, reason: text, held: fc.boolean() }),
  fc.record({ type: fc.constant('accept' as const), id: number }),
  fc.record(
    { type: fc.constant('ended' as const), id: number, reason: text, byItself: fc.constant(true) },
    { requiredKeys: ['type', 'id', 'reason'] },
  ),
  fc.record({ type: fc.constant('progress' as const), id: number, value: bytes }),
  fc.record({ type: fc.constant('position' as const), id: number, known: fc.boolean(), text }),
  fc.record({ type: fc.constant('consent' as const), yes: fc.boolean() }),
  fc.record({ type: fc.constantFrom('leaving' as const, 'tainted' as const, 'close' as const), reason: text }),
  fc.record(
    { type: fc.constant('log' as const), id: number, level: text, text, time: time.filter((since) => since !== 0) },
    { requiredKeys: ['type', 'id', 'level', 'text'] },
  ),
  fc.record({ type: fc.constant('stats' as const), text }),
  fc.record({ type: fc.constant('probe' as const), id: number }),
  fc.record({ type: fc.constant('probed' as const), id: number, time }),
  fc.record({ type: fc.constant('item' as const), id: number, stream: fc.nat(0xffffffff), value: bytes }),
  fc.record(
    { type: fc.constant('end' as const), id: number, stream: fc.nat(0xffffffff), error: bytes },
    { requiredKeys: ['type', 'id', 'stream'] },
  ),
  fc.record({ type: fc.constant('credit' as const), id: number, stream: fc.nat(0xffffffff), count: number }),
  fc.record({ type: fc.constant('stop' as const), id: number, stream: fc.nat(0xffffffff) }),
  fc.record({ type: fc.constant('chunk' as const), id: number, total: number, bytes }),
  fc.record({ type: fc.constant('shared' as const), at: number, length: number, head: bytes }),
  fc.constant({ type: 'sharing' as const }),
  fc.constant({ type: 'short' as const }),
) as fc.Arbitrary<WireFrame>;

/** What the fields of `flame.v1.Frame` hold for a frame; proto-loader leaves out those that have their default. */
function fieldsOf(frame: WireFrame): Record<string, unknown> {
  const has = (key: string): unknown => (frame as unknown as Record<string, unknown>)[key];
  const payload = has('args') ?? has('value') ?? has('error') ?? has('bytes') ?? has('head');
  const trace = has('trace') as CarriedTrace | undefined;
  const fields: Record<string, unknown> = {
    kind: frame.type.toUpperCase(),
    id: has('id'),
    handler: has('handler'),
    payload: payload === undefined ? undefined : Buffer.from(payload as Uint8Array),
    time: has('handlerTimeout') ?? has('grace') ?? has('time'),
    mode: frame.type === 'call' ? { call: 'AWAITED', cast: 'CAST', child: 'CHILD' }[frame.mode] : undefined,
    linked: has('linked'),
    attempt: has('attempt'),
    held: has('held'),
    stream: has('stream'),
    count: has('count') ?? has('total') ?? has('length'),
    text: has('reason') ?? has('text'),
    code: has('code') ?? has('level'),
    ran: has('ran'),
    cause: frame.type === 'cancel' ? { timeout: 'TIMEOUT', caller: 'CALLER', leaving: 'PARENT_LEAVING' }[frame.cause] : undefined,
    yes: has('yes') ?? has('byItself') ?? has('known'),
    resource: has('resource') ?? has('at'),
    context: has('context') === undefined ? undefined : Buffer.from(has('context') as Uint8Array),
    child: has('child'),
    method: has('method'),
    tracks: has('tracks'),
    position: has('position'),
    trace: typeof trace === 'object' ? trace.traceId : trace,
    span: typeof trace === 'object' ? trace.spanId : undefined,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Without defaults of fields whose presence means nothing. */
function withoutDefaults(fields: Record<string, unknown>): Record<string, unknown> {
  const optional = new Set(['payload', 'context', 'child', 'method', 'trace', 'span', 'tracks']);
  const defaults: readonly unknown[] = [0, '', false, 'AWAITED', 'TIMEOUT'];
  return Object.fromEntries(Object.entries(fields).filter(([key, value]) => optional.has(key) || !defaults.includes(value)));
}

function readAll(packet: Uint8Array): { seq: number; ack: number; frames: WireFrame[] } {
  const from = new ProtoReader(packet);
  const numbers = readNumbers(from);
  const found: WireFrame[] = [];
  for (let end = enterFrame(from); end !== undefined; end = enterFrame(from)) found.push(readFrame(from, end));
  return { ...numbers, frames: found };
}

/** Buffers and Uint8Arrays of equal content become equal. */
function plain<T extends object>(value: T): object {
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, part instanceof Uint8Array ? [...part] : part]));
}

describe('packets', () => {
  it('are read correctly by any protobuf implementation', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 8 }), number, number, (sent, seq, ack) => {
        const draft = new PacketDraft();
        for (const frame of sent) draft.add(frame);
        const loaded = Attach.requestDeserialize(draft.seal(seq, ack));
        expect(loaded.seq ?? 0).toBe(seq);
        expect(loaded.ack ?? 0).toBe(ack);
        expect((loaded.frames ?? []).map(withoutDefaults)).toEqual(sent.map((frame) => withoutDefaults(fieldsOf(frame))));
      }),
      { numRuns: 500 },
    );
  });

  it('are read correctly from any protobuf implementation', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 8 }), number, number, (sent, seq, ack) => {
        const came = readAll(Attach.requestSerialize({ seq, ack, frames: sent.map(fieldsOf) }));
        expect([came.seq, came.ack]).toEqual([seq, ack]);
        expect(came.frames.map(plain)).toEqual(sent.map(plain));
      }),
      { numRuns: 500 },
    );
  });

  it('take no more bytes than those of another protobuf implementation', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const out = new ProtoWriter(8);
        writeFrame(out, frame);
        const length = out.at;
        const loaded = Attach.requestDeserialize(out.bytes.subarray(0, length));
        expect(Attach.requestSerialize(loaded)).toHaveLength(length);
      }),
    );
  });

  it('have a frame for every kind in the contract', () => {
    const written = new Set([
      'ask',
      'chunk',
      'close',
      'shared',
      'sharing',
      'short',
      ...fc.sample(frames, 2_000).map((frame) => frame.type),
    ]);
    expect([...kindNames.keys()].filter((name) => name !== 'kind_unspecified').sort()).toEqual([...written].sort());
  });

  it('are refused with a Violation, and with no other error, when their bytes are random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          readAll(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(Violation);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('are refused when they are cut off', () => {
    const draft = new PacketDraft();
    draft.add({ type: 'return', id: 300, value: Buffer.alloc(300, 1), held: true });
    const whole = draft.seal(5, 4);
    // A packet cut off behind its numbers is one without frames.
    for (let length = 5; length < whole.length; length++) expect(() => readAll(whole.subarray(0, length))).toThrow(Violation);
    expect(readAll(whole).frames).toHaveLength(1);
  });

  it('may contain fields of a later version', () => {
    const out = new ProtoWriter(64);
    out.uint((200 << 3) | 0, 7);
    out.string((201 << 3) | 2, 'later');
    out.double((202 << 3) | 1, 1.5);
    const frame = Buffer.concat([Buffer.from([0x08, 0x09, 0x10, 0x05]), out.bytes.subarray(0, out.at)]);
    const packet = Buffer.concat([out.bytes.subarray(0, out.at), Buffer.from([0x2a, frame.length]), frame]);
    expect(readAll(packet).frames).toEqual([{ type: 'accept', id: 5 }]);
  });
});

describe('introductions', () => {
  const manifest = { version: '1.2.3', protocol: 1, handlers: ['A.a', 'B.größe/1'], code: ['', 'xyz'], digest: 'abc' };

  it('match the contract', () => {
    const credentials = { runner: 'r', token: 't', session: Buffer.from([1, 2]), received: 7 };
    const packet = helloPacket(credentials, { runner: 'r', manifest, pid: 42, host: 'h', node: '20.19.0' });
    expect(Attach.requestDeserialize(packet)).toEqual({
      hello: { ...credentials, about: { ...manifest, pid: 42, host: 'h', node: '20.19.0', region: '', app: '' } },
    });
    expect(readAbout(readHello(packet))).toEqual({ runner: 'r', manifest, pid: 42, host: 'h', node: '20.19.0' });
    const build = { entry: 'dist/main', files: 300, digest: 'def' };
    const built = helloPacket(credentials, { runner: 'r', manifest: { ...manifest, build }, pid: 42, host: 'h', node: '20.19.0' });
    expect(Attach.requestDeserialize(built)).toMatchObject({ hello: { about: { ...manifest, build } } });
    expect(readAbout(readHello(built)).manifest).toEqual({ ...manifest, build });
    const welcome = { session: Buffer.from([9]), received: 3 };
    expect(Attach.requestDeserialize(welcomePacket(welcome))).toEqual({ welcome });
    expect(readWelcome(Attach.requestSerialize({ welcome }))).toEqual(welcome);
    const instance = { runner: 'i', manifest, pid: 42, host: 'h', node: '20.19.0', region: 'syd', app: '7', positions: true };
    const { runner, manifest: _, ...about } = instance;
    const packet2 = { welcome: { ...welcome, about: { ...manifest, ...about }, instance: runner } };
    expect(Attach.requestDeserialize(welcomePacket({ ...welcome, instance }))).toEqual(packet2);
    expect(readWelcome(Attach.requestSerialize(packet2))).toEqual({ ...welcome, instance });
  });

  it('are refused if the packet contains anything else', () => {
    expect(() => readHello(Attach.requestSerialize({ hello: { runner: 'r' }, seq: 1 }))).toThrow(Violation);
    expect(() => readHello(Attach.requestSerialize({ seq: 1 }))).toThrow(Violation);
    expect(() => readHello(Buffer.alloc(0))).toThrow(Violation);
  });
});
