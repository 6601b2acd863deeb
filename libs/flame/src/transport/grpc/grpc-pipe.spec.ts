import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ClientPipe } from './grpc-pipe.js';

afterEach(() => void vi.useRealTimers());

/** A parent's end that never says anything, with what came over the one connection to it. */
async function silentParent(): Promise<{
  address: string;
  connected: Promise<{ session: ServerHttp2Session; stream: ServerHttp2Stream }>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'flame-pipe-'));
  const server = createServer().listen(join(folder, 'parent.sock'));
  await once(server, 'listening');
  const connected = Promise.all([once(server, 'session'), once(server, 'stream')]).then(([[session], [stream]]) => ({
    session: session as ServerHttp2Session,
    stream: stream as ServerHttp2Stream,
  }));
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { address: `unix:${join(folder, 'parent.sock')}`, connected };
}

/** The pings that come in 15 s of silence. */
async function pingsOf(sameHost: boolean): Promise<number> {
  const { address, connected } = await silentParent();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const pipe = new ClientPipe({ address, sameHost }, { packet: () => {}, gone: () => {} });
  onTestFinished(() => pipe.destroy());
  pipe.write(Buffer.from('hello'), () => {});
  const { session, stream } = await connected;
  let pings = 0;
  session.on('ping', () => (pings += 1));
  await once(stream, 'data');
  vi.advanceTimersByTime(15_000);
  // What was sent before it has come when it comes.
  pipe.write(Buffer.from('after'), () => {});
  await once(stream, 'data');
  return pings;
}

describe('ClientPipe', () => {
  it('pings a silent parent on another host', async () => {
    expect(await pingsOf(false)).toBe(1);
  });

  it('sends no keepalives to a parent on this host, because the system reports its end', async () => {
    expect(await pingsOf(true)).toBe(0);
  });
});
