import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { attachPath } from '../../libs/flame/src/transport/grpc/grpc-options.js';
import type { ConnectionLimits } from '../../libs/flame/src/transport/grpc/pre-auth/pre-auth-limits.js';
import { serverUnderAttack } from '../support/server-under-attack.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { numbered } from '../support/numbered-frames.js';
import { call, closed, connectTo, fields, flag, frame, message, preface, type } from '../support/raw-http2.js';
import { RawRunner } from '../support/raw-runner.js';
import { SeededRandom } from '../support/seeded-random.js';
import { manifest, AttachRig } from '../support/attach-rig.js';

/** A port on the network with one good runner, which other clients connect to at `address`. */
async function startPort(preAuth: ConnectionLimits = {}) {
  const { rig, stillServed } = await serverUnderAttack('network', { preAuth });
  const { address } = await rig.info();
  const connect = async (plain = false): Promise<Socket> => {
    const socket = connectTo({ address, plain });
    onTestFinished(() => void socket.destroy());
    await once(socket, plain ? 'connect' : 'secureConnect');
    return socket;
  };
  return { rig, address, connect, stillServed };
}

const odd = (i: number): number => i * 2 + 1;
const ended = flag.endHeaders | flag.endStream;

/** Floods by unauthenticated clients: the `i`th piece of each. */
const floods: Readonly<Record<string, (i: number) => Buffer>> = {
  'streams that stay silent': (i) => call(odd(i), attachPath),
  'streams that it resets': (i) => Buffer.concat([call(odd(i), attachPath), frame(type.reset, 0, odd(i), Buffer.alloc(4))]),
  'calls of unknown methods': (i) => call(odd(i), '/no.Such/Method', ended),
  'health checks': (i) => Buffer.concat([call(odd(i), '/grpc.health.v1.Health/Check'), message(odd(i), Buffer.alloc(0))]),
  pings: () => frame(type.ping, 0, 0, Buffer.alloc(8)),
  settings: () => frame(type.settings, 0, 0),
  priorities: () => frame(type.priority, 0, 1, Buffer.alloc(5)),
  'endless headers': (i) => (i === 0 ? call(1, attachPath, 0) : frame(type.continuation, 0, 1, fields({ x: 'y' }))),
  'one giant hello': (i) => (i === 0 ? call(1, attachPath) : frame(type.data, 0, 1, Buffer.alloc(16_384))),
};

describe('A port on the network', () => {
  for (const [flood, piece] of Object.entries(floods)) {
    it(`drops connections that send ${flood}, and serves its runners`, async () => {
      const { connect, stillServed } = await startPort();
      for (let round = 0; round < 3; round++) {
        const socket = await connect();
        const over = closed(socket);
        socket.write(preface);
        // In small writes, as the flood would otherwise be a single read.
        for (let i = 0; i < 2_000 && socket.writable; i += 10) {
          const pieces = Array.from({ length: 10 }, (_, next) => piece(i + next));
          await new Promise((written) => socket.write(Buffer.concat(pieces), written));
        }
        await over;
        await stillServed();
      }
    });
  }

  const unlimited = { maxConnections: 10_000, maxConnectionsPerSecond: 10_000, maxFailuresPerSecond: 10_000 };

  it('survives calls of unknown methods, or with another content type, that are reset in the same packet', async () => {
    const { connect, stillServed } = await startPort(unlimited);
    const reset = frame(type.reset, 0, 1, Buffer.alloc(4));
    for (const opening of [call(1, '/no.Such/Method', ended), call(1, attachPath, ended, { 'content-type': 'text/plain' })]) {
      for (let i = 0; i < 5; i++) {
        const socket = await connect();
        await new Promise((written) => socket.write(Buffer.concat([preface, opening, reset]), written));
        await once(socket, 'data');
        socket.destroy();
        await stillServed();
      }
    }
  });

  it('survives 200 connections that open, send, reset and leave in random order', async () => {
    const { connect, stillServed } = await startPort(unlimited);
    const random = new SeededRandom(8);
    const id = (): number => odd(random.below(4));
    const pieces: readonly (() => Buffer)[] = [
      () =>
        call(id(), random.pick([attachPath, '/no.Such/Method', '/grpc.health.v1.Health/Check', '']), random.pick([flag.endHeaders, ended])),
      () => call(id(), attachPath, ended, { 'content-type': random.pick(['text/plain', 'application/grpc+json']), 'grpc-timeout': '1n' }),
      () => frame(type.reset, 0, id(), Buffer.from([0, 0, 0, random.below(14)])),
      () => message(id(), Buffer.alloc(random.below(50))),
      () => frame(type.data, flag.endStream, id()),
      () => frame(type.window, 0, random.below(2) * id(), Buffer.from([random.below(256), 0, 0, random.below(2)])),
      () => frame(type.goaway, 0, 0, Buffer.alloc(8)),
    ];
    for (let i = 0; i < 200; i++) {
      const socket = await connect();
      const bytes = Buffer.concat([preface, ...Array.from({ length: 2 + random.below(16) }, () => random.pick(pieces)())]);
      const cut = random.chance(0.5) ? bytes.length : random.below(bytes.length);
      await new Promise((written) => socket.write(bytes.subarray(0, cut), written));
      if (cut < bytes.length) socket.write(bytes.subarray(cut));
      if (random.chance(0.3)) socket.end();
      else if (random.chance(0.5)) socket.destroy();
      if (i % 20 === 19) await stillServed();
    }
  });

  it('drops slow connections before TLS, in its handshake, in the preface and in the introduction, but no runner', async () => {
    const { connect, stillServed } = await startPort({ timeout: 1_000 });
    const beforeTls = await connect(true);
    const inHandshake = await connect(true);
    inHandshake.write(Buffer.from([22, 3, 1]));
    const inPreface = await connect();
    inPreface.write(preface.subarray(0, 10));
    const inHello = await connect();
    inHello.write(Buffer.concat([preface, call(1, attachPath), message(1, Buffer.alloc(100)).subarray(0, 50)]));
    await Promise.all([beforeTls, inHandshake, inPreface, inHello].map(closed));
    await stillServed();
  });

  it('drops the oldest unauthenticated connections when there are too many, and still lets runners in', async () => {
    const { rig, connect, stillServed } = await startPort({ maxConnections: 3 });
    const first = await connect(true);
    const dropped = closed(first);
    await Promise.all([connect(true), connect(true), connect(true)]);
    await dropped;
    await rig.pair();
    await stillServed();
  });

  it('begins no TLS with more than maxConnectionsPerSecond of one address in a second', async () => {
    const { address, stillServed } = await startPort({ maxConnectionsPerSecond: 5 });
    let shaken = 0;
    const began = performance.now();
    await Promise.all(
      Array.from({ length: 200 }, async () => {
        const socket = connectTo({ address });
        socket.once('secureConnect', () => {
          shaken++;
          socket.destroy();
        });
        await closed(socket);
      }),
    );
    const seconds = (performance.now() - began) / 1_000;
    expect(shaken).toBeLessThanOrEqual(5 * (Math.floor(seconds) + 2));
    await stillServed();
  });

  it('accepts only so many connections of all addresses in a second, and a runner comes in during the flood', async () => {
    const limits = { maxAcceptedPerSecond: 100, maxConnectionsPerSecond: 10_000, maxFailuresPerSecond: 10_000 };
    const { rig, address, stillServed } = await startPort(limits);
    const gone: Promise<void>[] = [];
    let shaken = 0;
    const began = performance.now();
    // Two of three are dropped, those of a runner included.
    const flood = setInterval(() => {
      const socket = connectTo({ address, from: `127.0.1.${gone.length % 10}` });
      socket.once('secureConnect', () => {
        shaken++;
        socket.destroy();
      });
      gone.push(closed(socket));
    }, 3);
    onTestFinished(() => clearInterval(flood));
    await vi.waitFor(() => expect(gone.length).toBeGreaterThan(500), 10_000);
    await rig.pair();
    await stillServed();
    clearInterval(flood);
    await Promise.all(gone);
    const seconds = (performance.now() - began) / 1_000;
    expect(shaken).toBeLessThanOrEqual(limits.maxAcceptedPerSecond * (seconds + 1) + 1);
    expect(shaken).toBeGreaterThan(100);
  });

  it('lets a runner in ahead of long queues of ten other addresses, and begins TLS with each connection in the end', async () => {
    const { rig, address, stillServed } = await startPort({ maxFailuresPerSecond: 20 });
    const began = performance.now();
    let shaken = 0;
    for (let i = 0; i < 200; i++) {
      const socket = connectTo({ address, from: `127.0.1.${i % 10}` });
      onTestFinished(() => void socket.destroy());
      socket.once('secureConnect', () => shaken++);
    }
    await rig.pair();
    // One of each address at 20 a second; all of them would take ten seconds.
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(shaken).toBeLessThan(150);
    await stillServed();
    await vi.waitFor(() => expect(shaken).toBeGreaterThan(60), 9_000);
  });

  it('lets 150 runners in at once, as only connections that fail count', async () => {
    const { rig } = await startPort({ maxFailuresPerSecond: 5, maxConnectionsPerSecond: 1_000 });
    const began = performance.now();
    await Promise.all(Array.from({ length: 150 }, () => rig.pair()));
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it.each([
    [2_000, {}],
    // With a comparison of each name with every other, this takes half a minute.
    [20_000, { maxBytes: 2_000_000 }],
  ])('accepts a runner that introduces itself with %i handlers', async (count, limits) => {
    const { rig } = await startPort(limits);
    const handlers = Array.from({ length: count }, (_, i) => `SomeServiceWithALongishName.itsMethodNumber${i}`);
    const large = { ...manifest, handlers };
    const info = await rig.info();
    const attached = rig.server.expect({ runner: info.runner, token: info.token, manifest: large }, new AbortController().signal);
    await rig.dial(info, { manifest: large });
    expect((await attached).hello.manifest.handlers).toEqual(handlers);
  });

  it('sets no such limits once a runner has authenticated', async () => {
    const { rig } = await startPort({ maxBytes: 10_000, timeout: 1_000 });
    const { parent, runner } = await rig.pair();
    const here = new LinkRecorder();
    parent.open(here);
    const late = new Promise((resolve) => setTimeout(resolve, 1_200));
    for (let i = 1; i <= 50; i++) {
      runner.send({ type: 'item', id: i, stream: 0, value: Buffer.alloc(10_000) });
      await here.first(i);
    }
    await late;
    runner.send(numbered(51));
    await here.first(51);
    expect(here.ends).toEqual([]);
  });
});

/** The answer shows whether the rest of an introduction was decoded. */
const garbage = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]);

describe('Before the token is verified', () => {
  async function answerTo(token: (right: string) => string, about: Uint8Array) {
    const rig = new AttachRig('host');
    onTestFinished(() => rig.close());
    const info = await rig.info();
    void rig.expect(info).catch(() => {});
    const raw = new RawRunner(info.address);
    raw.helloWith({ runner: info.runner, token: token(info.token) }, about);
    // Packets that cannot be read at all.
    raw.write(Buffer.from([0xff, 0xff, 0xff]));
    return raw.status;
  }

  it('nothing else of an introduction is decoded', async () => {
    expect(await answerTo(() => 'guessed', garbage)).toMatchObject({ code: 16, details: expect.stringContaining('its token is wrong') });
    expect(await answerTo((right) => right, garbage)).toMatchObject({ code: 3 });
  });

  it('nothing is inflated', async () => {
    const zlib = createRequire(import.meta.url)('node:zlib') as typeof import('node:zlib');
    const inflations = [vi.spyOn(zlib, 'createGunzip'), vi.spyOn(zlib, 'createInflate')];
    const rig = new AttachRig('host');
    onTestFinished(() => rig.close());
    const { address } = await rig.info();
    const socket = connectTo({ address });
    let received = '';
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
    socket.write(
      Buffer.concat([
        preface,
        call(1, attachPath, flag.endHeaders, { 'grpc-encoding': 'gzip' }),
        message(1, gzipSync(Buffer.alloc(3_000_000)), true),
      ]),
    );
    await vi.waitFor(() => expect(received).not.toBe(''));
    const raw = new RawRunner(address);
    raw.hello('nobody', 'guessed', manifest);
    await raw.status;
    socket.destroy();
    for (const inflate of inflations) expect(inflate).not.toHaveBeenCalled();
  });
});
