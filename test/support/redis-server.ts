import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.js';

/** Starts a Redis server on a free port of this host, and returns the port. It stores nothing on disk, and ends with the test. */
export async function redisServer(): Promise<number> {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(server, 'close');
  onTestFinished(async () => {
    server.kill();
    await closed;
  });
  await new Promise<void>((resolve, reject) => {
    createInterface(server.stdout).on('line', (line) => {
      if (/ready to accept connections/i.test(line)) resolve();
    });
    server.once('error', reject).once('close', () => reject(new Error('redis-server ended before it was ready')));
  });
  return port;
}
