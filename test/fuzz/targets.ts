import { AsyncResource } from 'node:async_hooks';
import { isDeepStrictEqual } from 'node:util';
import { MalformedError, UnencodableError } from '../../libs/flame/src/core/codec/codec.js';
import { createCodec } from '../../libs/flame/src/core/codec/create-codec.js';
import type { Frame } from '../../libs/flame/src/core/session/frame.js';
import { VirtualClock } from '../../libs/flame/src/testing/virtual-clock.js';
import { Inbox } from '../../libs/flame/src/transport/session/inbox.js';
import { helloPacket, readAbout, readHello, readWelcome, welcomePacket } from '../../libs/flame/src/transport/protocol/introduction.js';
import { enterFrame, readFrame, readNumbers } from '../../libs/flame/src/transport/protocol/packet-reader.js';
import { PacketDraft } from '../../libs/flame/src/transport/protocol/packet-writer.js';
import type { Pipe } from '../../libs/flame/src/transport/session/pipe.js';
import { ProtoReader, ProtoWriter, Violation } from '../../libs/flame/src/transport/protocol/protobuf.js';
import { SessionLink } from '../../libs/flame/src/transport/session/session-link.js';
import type { WireFrame } from '../../libs/flame/src/transport/protocol/wire-frame.js';
import type { FuzzTarget } from './fuzzer.js';
import { frames, values } from './seeds.js';

const maxPayload = 4_096;
const classes = [
  {
    type: class Point {
      x = 0;
    },
  },
];
const codec = createCodec({
  maxDepth: 100,
  classes: [
    ...classes,
    {
      type: class Money {
        cents = 0;
      },
      encode: () => 1,
      decode: (cents: unknown) => ({ cents }),
    },
  ],
});

/** An input is packets: the fields of a message, whatever their tags. */
function* packetsIn(input: Buffer): Generator<Buffer> {
  for (const from = new ProtoReader(input); !from.done;) {
    from.varint();
    yield from.blob();
  }
}

function inputOf(packets: readonly Buffer[]): Buffer {
  const out = new ProtoWriter(256);
  for (const each of packets) out.blob(10, each);
  return Buffer.from(out.bytes.subarray(0, out.at));
}

function packet(seq: number, of: readonly WireFrame[], ack = 0): Buffer {
  const draft = new PacketDraft();
  for (const frame of of) draft.add(frame);
  return draft.seal(seq, ack);
}

/** Runs what may refuse its input in the documented way. @throws what it may not. */
function orRefused(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Violation) && !(error instanceof MalformedError)) throw error;
  }
}

function expectSame(what: string, a: unknown, b: unknown): void {
  if (!isDeepStrictEqual(a, b)) throw new Error(`${what} is not what it was`);
}

/** What is written of a frame that was read is read again as the same. */
function rewrite(frame: Frame): void {
  const once = packet(1, [frame]);
  const from = new ProtoReader(once);
  readNumbers(from);
  expectSame('a frame', once, packet(1, [readFrame(from, enterFrame(from)!)]));
}

const packets: FuzzTarget = {
  seeds: [
    inputOf([packet(7, frames, 3)]),
    ...frames.map((frame) => inputOf([packet(1, [frame])])),
    inputOf(frames.filter(({ type }) => type === 'chunk').map((chunk) => packet(1, [chunk]))),
  ],
  run: (input) =>
    orRefused(() => {
      const inbox = new Inbox(maxPayload, { frame: rewrite, close: () => {} });
      for (const each of packetsIn(input)) {
        const from = new ProtoReader(each);
        readNumbers(from);
        inbox.read(from);
      }
    }),
};

const about = {
  runner: 'r1',
  manifest: { version: '1.0.0', protocol: 1, handlers: ['A.b', 'C.d'], digest: 'abc' },
  pid: 7,
  host: 'h',
  node: '20',
};
const instance = { ...about, region: 'fra', app: '2' };
const credentials = { runner: 'r1', token: 'token', session: new Uint8Array(0), received: 0 };
const key = Buffer.alloc(32, 5);

const introductions: FuzzTarget = {
  seeds: [
    helloPacket(credentials, about),
    helloPacket({ ...credentials, token: '', session: key, received: 300 }, instance),
    welcomePacket({ session: key, received: 3 }),
    welcomePacket({ session: key, received: 3, instance, shared: { path: '/dev/shm/x', size: 1 << 20, above: 32_768 } }),
  ],
  run: (input) => {
    orRefused(() => {
      const raw = readHello(input);
      const once = helloPacket(raw, readAbout(raw));
      const again = readHello(once);
      expectSame('a hello', once, helloPacket(again, readAbout(again)));
    });
    orRefused(() => {
      const once = welcomePacket(readWelcome(input));
      expectSame('a welcome', once, welcomePacket(readWelcome(once)));
    });
  },
};

const decoded: FuzzTarget = {
  seeds: values.map((value) => Buffer.from(codec.encode(value))),
  run: (input) => {
    orRefused(() => {
      const value = codec.decode(Buffer.from(input));
      let bytes: Uint8Array;
      try {
        bytes = codec.encode(value);
      } catch (error) {
        // It may be nested as deep as what stands around a value allows.
        if (error instanceof UnencodableError && error.message.includes('nested deeper')) return;
        throw error;
      }
      const again = codec.decode(Buffer.from(bytes));
      // Views of empty memory may be written in two ways; and to Node a date that is none is not equal to itself.
      if (!isDeepStrictEqual(again, value)) expectSame('a value', Buffer.from(codec.encode(again)), Buffer.from(bytes));
    });
    orRefused(() => void codec.encodeThrown(codec.decodeThrown(Buffer.from(input), 'runner 1 (pool p)')));
  },
};

/** What is asked for in one turn of the event loop happens before the next. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Packets up to where there are none any more. */
function packetsUpToGarbage(input: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  orRefused(() => {
    for (const each of packetsIn(input)) packets.push(each);
  });
  return packets;
}

/** What comes in over a session, and what that makes it send. */
const session: FuzzTarget = {
  seeds: [
    inputOf(frames.map((frame, index) => packet(index + 1, [frame]))),
    inputOf([packet(1, frames), packet(0, [], 1), packet(2, frames, 1), packet(3, [{ type: 'close', reason: 'bye' }], 2)]),
    inputOf([
      packet(
        1,
        Array.from({ length: 12 }, () => frames[0]!),
      ),
      packet(1, []),
      packet(2, frames),
    ]),
  ],
  run: async (input) => {
    let ends = 0;
    let [closed, late] = [0, 0];
    let wrong: unknown;
    const written: (() => void)[] = [];
    const pipe: Pipe = { write: (_packet, done) => void written.push(done), end: () => {}, destroy: () => {} };
    const link = new SessionLink({
      peer: 'runner 1',
      clock: new VirtualClock(),
      scope: new AsyncResource('FUZZ'),
      maxPayload,
      reconnectTimeout: 1_000,
      onEnded: () => ends++,
    });
    link.open({
      frame: (frame) => {
        if (closed > 0) late++;
        try {
          rewrite(frame);
        } catch (error) {
          wrong = error;
        }
        if (frame.type === 'call') link.send({ type: 'return', id: frame.id, value: frame.args, held: false });
      },
      closed: () => closed++,
    });
    await turn();
    link.connect(pipe, 0);
    for (const each of packetsUpToGarbage(input)) {
      link.packet(pipe, each);
      written.shift()?.();
      if (each.length % 4 === 0) await turn();
    }
    if (wrong !== undefined) throw wrong;
    if (late > 0) throw new Error('frames came after the end');
    link.drop('over');
    await turn();
    if (ends !== 1 || closed !== 1) throw new Error(`the session ended ${ends} times, and said so ${closed} times`);
  },
};

export const targets: Readonly<Record<string, FuzzTarget>> = { packets, introductions, values: decoded, session };
