import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

interface Answer {
  readonly region: string;
  readonly pid: number;
  readonly entries?: number;
}

/** Two instances of one app, as two terminals would start them: one in the primary region, one in Sydney. */
const [primary, far] = ['lax', 'syd'];

const ports = [await freePort(), await freePort()];
const secret = randomBytes(24).toString('base64');
const started: ChildProcess[] = [];
try {
  await start(primary, ports[0]!);
  const url = await start(far, ports[1]!);
  await until(async () => (await ask<string[]>('GET', `${url}/regions`)).length === 2);
  console.log(`two instances of one app: ${far} (pid ${started[1]!.pid}), and ${primary}, the primary region (pid ${started[0]!.pid})`);
  await show('read', 'GET', `${url}/entries`);
  await show('write', 'POST', `${url}/entries`);
  await show('write', 'POST', `${url}/entries`);
} finally {
  for (const child of started) child.kill('SIGTERM');
}

async function show(what: string, method: string, url: string): Promise<void> {
  const begun = performance.now();
  const { region, pid, entries } = await ask<Answer>(method, url);
  const took = (performance.now() - begun).toFixed(1);
  const counted = entries === undefined ? '' : `, ${entries} written`;
  console.log(`  ${`a ${what} asked of ${far}`.padEnd(24)} ran in ${region}, pid ${pid}${counted}   ${took} ms`);
}

/** Starts an instance; gives where it serves HTTP. */
async function start(region: string, port: number): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'instance.js')], {
    env: {
      ...process.env,
      MY_REGION: region,
      PRIMARY_REGION: primary,
      FLAME_RPC_SECRET: secret,
      RPC_PORT: String(port),
      INSTANCES: ports.map((other) => `127.0.0.1:${other}`).join(','),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /^listens on (\S+)/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`the instance of ${region} ended`);
}

async function ask<T>(method: string, url: string): Promise<T> {
  const response = await fetch(url, { method });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
