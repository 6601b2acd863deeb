import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { VirtualClock } from '../../libs/flame/src/testing/virtual-clock.js';
import { HealthStatus } from '../../libs/flame/src/transport/grpc/health-status.js';
import { dialInstance } from '../../libs/flame/src/rpc/instances/instance-dial.js';
import { InstanceServer } from '../../libs/flame/src/rpc/instances/instance-server.js';
import { identityFromSecrets } from '../../libs/flame/src/transport/grpc/instance-identity.js';
import type { Hello } from '../../libs/flame/src/transport/session/link.js';
import { OpsServer } from '../../libs/flame/src/ops/ops-server.js';
import { SystemClock } from '../../libs/flame/src/system/system-clock.js';
import { closed, connectTo, frame, message, preface } from '../support/raw-http2.js';
import { SeededRandom } from '../support/seeded-random.js';

const healthCheck = '/grpc.health.v1.Health/Check';
const random = new SeededRandom(7);
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)));
const frames = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => frame(random.below(12), random.below(256), random.below(10), bytes(random.below(40)))));

/** Sends bytes and waits until the connection is closed: by this end, or over TLS, where it must happen, by the other. */
async function send(address: string, what: Buffer, plain: boolean): Promise<void> {
  const socket = connectTo({ address, plain });
  const over = closed(socket);
  socket.once(plain ? 'connect' : 'secureConnect', () => socket.write(what, () => plain && socket.destroy()));
  await over;
}

/** The status of a unary call, and its text. */
async function answer(address: string, path: string, payload: Buffer, more: Record<string, string> = {}): Promise<string> {
  const session = connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  const request = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...more });
  // A message that stands alone is what a data frame holds.
  request.end(message(1, payload, 'grpc-encoding' in more).subarray(9));
  request.resume();
  const told: IncomingHttpHeaders = {};
  request.on('response', (headers) => void Object.assign(told, headers));
  request.on('trailers', (headers) => void Object.assign(told, headers));
  await once(request, 'close');
  return `${String(told['grpc-status'])} ${decodeURIComponent(String(told['grpc-message'] ?? ''))}`;
}

describe('The ops port', () => {
  async function ops() {
    const health = new HealthStatus();
    health.set('', true);
    const source = vi.fn<() => []>(() => []);
    const server = new OpsServer({ host: '127.0.0.1', port: 0, token: 'a token of the operators' }, health, source);
    onTestFinished(() => server.close());
    return { address: `127.0.0.1:${await server.open()}`, source };
  }

  it('continues to answer while 200 connections send random bytes and frames', async () => {
    const { address } = await ops();
    for (let i = 0; i < 200; i++) await send(address, i % 2 ? bytes(500) : Buffer.concat([preface, frames(100)]), true);
    expect(await answer(address, healthCheck, Buffer.alloc(0))).toBe('0 OK');
  });

  it('refuses requests that are large, or become so when they are inflated', async () => {
    const { address } = await ops();
    const large = gzipSync(Buffer.alloc(3_000_000));
    expect(large.length).toBeLessThan(10_000);
    expect(await answer(address, healthCheck, large, { 'grpc-encoding': 'gzip' })).toMatch(/^8 .*larger than 65536/);
  });

  it('gives metrics only for the token', async () => {
    const { address, source } = await ops();
    const ask = (authorization: string): Promise<string> => answer(address, '/flame.v1.Metrics/Get', Buffer.alloc(0), { authorization });
    for (const shown of ['none', 'Bearer', 'Bearer a token of the operator', 'Bearer a token of the operators!', 'Basic YTpi'])
      expect(await ask(shown)).toMatch(/^16 /);
    expect(source).not.toHaveBeenCalled();
    expect(await ask('Bearer a token of the operators')).toBe('0 OK');
    expect(source).toHaveBeenCalledTimes(1);
  });
});

describe('The port for instances', () => {
  it('lets an instance in while others send bytes, within TLS and without, and no certificate', async () => {
    const identity = await identityFromSecrets(['a secret that all instances of a test share']);
    const manifest = { version: '1', protocol: 1, digest: '', handlers: [] };
    const about: Hello = { runner: 'one', manifest, pid: 1, host: 'here', node: '22', region: 'syd', app: '1' };
    const base = { about, identity, reconnectTimeout: 1_000, maxPayload: 1_000, clock: new SystemClock() };
    const refused: string[] = [];
    let came = 0;
    const server = await InstanceServer.open({
      ...base,
      host: '127.0.0.1',
      port: 0,
      preAuth: { maxConnectionsPerSecond: 1_000 },
      onCaller: () => void came++,
      onRefused: (_, why) => refused.push(why),
    });
    onTestFinished(() => server.close('the test is over'));
    const address = `127.0.0.1:${server.port}`;
    for (let i = 0; i < 50; i++) {
      await send(address, bytes(500), true);
      await send(address, Buffer.concat([preface, frames(10)]), false);
    }
    await vi.waitFor(() => expect(refused.some((why) => /certificate/.test(why))).toBe(true));
    expect(came).toBe(0);
    const { link } = await dialInstance({ ...base, address, signal: new AbortController().signal });
    expect(came).toBe(1);
    await link.close('seen enough');
  });

  it('applies the limits before authentication', async () => {
    const identity = await identityFromSecrets(['a secret that all instances of a test share']);
    const manifest = { version: '1', protocol: 1, digest: '', handlers: [] };
    const about: Hello = { runner: 'one', manifest, pid: 1, host: 'here', node: '22', region: 'syd', app: '1' };
    const clock = new VirtualClock();
    const rest = { host: '127.0.0.1', port: 0, reconnectTimeout: 1_000, maxPayload: 1_000, onCaller: () => {}, onRefused: () => {} };
    const server = await InstanceServer.open({ ...rest, about, identity, clock, preAuth: { maxConnections: 1 } });
    onTestFinished(() => server.close('the test is over'));
    const first = connectTo({ address: `127.0.0.1:${server.port}`, plain: true });
    const over = closed(first);
    const second = connectTo({ address: `127.0.0.1:${server.port}`, plain: true });
    await over;
    second.destroy();
  });
});
