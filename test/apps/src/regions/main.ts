import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameError, FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { DnsDiscovery, FlameRpcModule, FlyDiscovery, RegionRpc, SrvDiscovery } from 'nestjs-flame/rpc';
import type { Discovery, InstanceTls } from 'nestjs-flame/rpc';
import { NotesService } from './notes.service.js';

const env = process.env;

/** What the test says of how instances are found. */
function discovery(): Discovery | string[] {
  const [kind, name = ''] = (env['DISCOVERY'] ?? 'static').split(' ');
  const servers = [env['DNS'] ?? ''];
  const port = Number(env['PORT']);
  if (kind === 'fly') return new FlyDiscovery({ app: name, servers, port });
  if (kind === 'dns') return new DnsDiscovery({ name, servers, port });
  if (kind === 'srv') return new SrvDiscovery({ name, servers });
  return (env['ADDRESSES'] ?? '').split(',').filter((address) => address !== '');
}

const accounts = (await import(`./accounts-${env['FLAME_APP_VERSION']?.[0] ?? '1'}.service.js`)) as { AccountsService: Type };

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'work', max: 1 }], { backend: new ProcessBackend() }),
    FlameRpcModule.forRoot({
      discovery: discovery(),
      host: env['HOST'],
      port: Number(env['PORT']),
      refreshEvery: 200,
      reconnectTimeout: Number(env['RECONNECT'] ?? 5_000),
      tls: env['TLS'] === undefined ? undefined : (JSON.parse(readFileSync(env['TLS'], 'utf8')) as InstanceTls),
    }),
  ],
  providers: [NotesService, accounts.AccountsService],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { bufferLogs: false });
app.enableShutdownHooks();
const rpc = app.get(RegionRpc);
const services: Record<string, object> = { notes: app.get(NotesService), accounts: app.get(accounts.AccountsService), rpc };

/** Runs what a test writes to standard input: `{ id, service, method, args, times }`. */
const orders = createInterface(process.stdin).on('line', (line) => {
  const { id, service, method, args, times } = JSON.parse(line) as {
    id: number;
    service: string;
    method: string;
    args: unknown[];
    times?: number;
  };
  const call = (): unknown => (services[service] as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);
  const answer = (outcome: object): void => console.log(`[answer ${id}] ${JSON.stringify(outcome)}`);
  const failed = (error: unknown): void => {
    const { code, ran, message } = error as FlameError;
    answer({ error: { code, ran, message } });
  };
  const measured = async (): Promise<void> => {
    const took: number[] = [];
    for (let i = 0; i < times!; i++) {
      const begun = performance.now();
      await call();
      took.push(performance.now() - begun);
    }
    took.sort((a, b) => a - b);
    answer({ value: { median: took[Math.floor(times! / 2)], p99: took[Math.floor(times! * 0.99)] } });
  };
  if (times) measured().catch(failed);
  else
    Promise.resolve()
      .then(call)
      .then((value) => answer({ value }), failed);
});
// A runner is told nothing.
if (FlameParent.get() === null) orders.on('close', () => void app.close());
console.log('[instance] up');
