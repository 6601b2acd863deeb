import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { Client } from 'pg';
import { PostgresCluster } from './postgres-cluster.js';
import { freePort } from '../free-port.js';

interface Answer {
  readonly region: string;
  readonly pid: number;
  readonly entries: number;
}

/** Two instances of one app, as two terminals would start them: one in the primary region, one in Sydney. */
const [primary, far] = ['lax', 'syd'];

/** How much later the replica in Sydney replays what the primary has committed, in milliseconds. */
const lag = 200;
const rounds = 10;

const ports = [await freePort(), await freePort()];
const [secret, sessionSecret] = [randomBytes(24).toString('base64'), randomBytes(24).toString('base64')];
const started: ChildProcess[] = [];
const databases: PostgresCluster[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end().then(() => process.exit(1)));
try {
  const database = await PostgresCluster.primary();
  databases.push(database);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('create table entries (id serial primary key, entry text not null)');
  await client.end();
  const replica = await PostgresCluster.replicaOf(database, { recovery_min_apply_delay: `${lag}ms` });
  databases.push(replica);
  console.log(`PostgreSQL: the primary in ${primary}, and in ${far} a streaming replica that replays commits ${lag} ms late`);
  await start(primary, ports[0]!, database);
  const url = await start(far, ports[1]!, replica);
  await until(async () => (await ask<string[]>('GET', `${url}/regions`)).length === 2);
  console.log(`two instances of one app: ${far} (pid ${started[1]!.pid}), and ${primary}, the primary region (pid ${started[0]!.pid})`);
  await show('read', 'GET', `${url}/entries`);
  await show('write', 'POST', `${url}/entries`);
  await show('write', 'POST', `${url}/entries`);
  console.log(`${rounds} times: a write asked of ${far}, then a read there at once`);
  const without = await readAfterWrites(url, 'without awaitReplica', 'entries', false);
  const awaited = await readAfterWrites(url, 'with awaitReplica', 'awaited-entries', false);
  const session = await readAfterWrites(url, 'in a session', 'entries', true);
  if (without === rounds) throw new Error('without awaitReplica no read missed a write: the replica is not behind');
  if (awaited < rounds || session < rounds) throw new Error('a read missed a write that was awaited');
} finally {
  await end();
}

/** Ends the instances, then their databases, whose folders are removed. */
async function end(): Promise<void> {
  const instances = started.splice(0).filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  await Promise.all(
    instances.map((child) => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      return exited;
    }),
  );
  await Promise.all(databases.splice(0).map((database) => database.remove()));
}

async function show(what: string, method: string, url: string): Promise<void> {
  const begun = performance.now();
  const { region, pid, entries } = await ask<Answer>(method, url);
  const took = (performance.now() - begun).toFixed(1);
  console.log(`  ${`a ${what} asked of ${far}`.padEnd(24)} ran in ${region}, pid ${pid}, ${entries} there   ${took} ms`);
}

/** Returns how many reads saw the write before them. With `cookies`, the read sends the cookies that the write got. */
async function readAfterWrites(url: string, title: string, path: string, cookies: boolean): Promise<number> {
  let seen = 0;
  const times = { write: 0, read: 0 };
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const response = await fetch(`${url}/${path}`, { method: 'POST' });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    const { entries } = (await response.json()) as Answer;
    const between = performance.now();
    const cookie = cookies
      ? response.headers
          .getSetCookie()
          .map((one) => one.split(';')[0])
          .join('; ')
      : '';
    const read = await ask<Answer>('GET', `${url}/entries`, { cookie });
    times.write += (between - begun) / rounds;
    times.read += (performance.now() - between) / rounds;
    if (read.entries >= entries) seen++;
  }
  const took = `a write takes ${times.write.toFixed(0)} ms, the read ${times.read.toFixed(0)} ms`;
  console.log(`  ${title.padEnd(24)} ${String(seen).padStart(2)} of ${rounds} reads see the write; ${took}`);
  return seen;
}

/** Starts an instance; gives where it serves HTTP. */
async function start(region: string, port: number, database: PostgresCluster): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'instance.js')], {
    env: {
      ...process.env,
      MY_REGION: region,
      PRIMARY_REGION: primary,
      FLAME_RPC_SECRET: secret,
      RPC_PORT: String(port),
      SESSION_SECRET: sessionSecret,
      DATABASE_URL: database.url,
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

async function ask<T>(method: string, url: string, headers: Record<string, string> = {}): Promise<T> {
  const response = await fetch(url, { method, headers });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}
