import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { fromApps } from './support/from-apps.js';
import { listeningPorts } from './support/listening-ports.js';
import { RunningApp } from './support/running-app.js';

interface Socket {
  once(event: string, listener: (...args: any[]) => void): this;
  emit(event: string, data: unknown): void;
  send(text: string): void;
  close(): void;
}

const { io } = fromApps<{ io: (url: string, options: object) => Socket }>('socket.io-client');
const { WebSocket } = fromApps<{ WebSocket: new (url: string) => Socket }>('ws');

interface Counted {
  readonly words: number;
  readonly pid: number;
}

describe.each([
  { adapter: 'socket.io', ask: askSocketIo },
  { adapter: 'ws', ask: askWs },
])('an app with $adapter gateways, one of them on its own port', ({ adapter, ask }) => {
  let app: RunningApp;
  let monitor: string;

  beforeAll(async () => {
    const port = await freePort();
    monitor = `http://127.0.0.1:${port}`;
    app = await RunningApp.serving('gateways/main.js', { ADAPTER: adapter, MONITOR_PORT: String(port) });
  });
  afterAll(() => app?.stop());

  it('answers on both with results of a runner, which itself opens no port', async () => {
    for (const url of [app.url, monitor]) {
      const { words, pid } = (await ask(url, 'one two three')) as Counted;
      expect(words, app.output).toBe(3);
      expect(pid).not.toBe(app.pid);
      expect(listeningPorts(pid), app.output).toEqual([]);
    }
    expect(listeningPorts(app.pid)).toContain(Number(new URL(monitor).port));
    expect(app.output).not.toMatch(/EADDRINUSE/);
  });

  it('sends the client a WsException that was thrown on a runner', async () => {
    expect(await ask(app.url, ''), app.output).toMatchObject({ status: 'error', message: 'there is no text' });
  });
});

async function askSocketIo(url: string, text: string): Promise<unknown> {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
  try {
    const failed = new Promise<never>((_, reject) => socket.once('connect_error', reject));
    const answer = Promise.race([
      failed,
      ...['counted', 'exception'].map((event) => new Promise((resolve) => socket.once(event, resolve))),
    ]);
    socket.emit('count', text);
    return await answer;
  } finally {
    socket.close();
  }
}

async function askWs(url: string, text: string): Promise<unknown> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  try {
    await once(socket as never, 'open');
    const answer = once(socket as never, 'message') as Promise<[Buffer]>;
    socket.send(JSON.stringify({ event: 'count', data: text }));
    const [message] = await answer;
    return (JSON.parse(String(message)) as { data: unknown }).data;
  } finally {
    socket.close();
  }
}
