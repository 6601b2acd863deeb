import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameCall, FlameModule, OnFlame } from 'nestjs-flame';
import { SshBackend } from 'nestjs-flame/ssh';
import type { SshBackendOptions } from 'nestjs-flame/ssh';

const { HOST_KEY_2 = '', HOST_KEY_3 = '', SSH_USER, SSH_KEY_FILE, RUNNER, RECONNECT = '5000', NODE = 'node' } = process.env;

@Injectable()
class WorkService {
  /** Takes `time` milliseconds, and returns which runner and which process did it. Its output tells that it has begun. */
  @OnFlame('work')
  async stay(time: number): Promise<{ runner: string | undefined; pid: number }> {
    console.log(`[stays] ${time} ms`);
    await setTimeout(time);
    return { runner: FlameCall.current()?.runnerId, pid: process.pid };
  }

  @OnFlame('work')
  async echo(bytes: Uint8Array): Promise<Uint8Array> {
    return bytes;
  }

  /** Measures how long `size` bytes take to a runner and back. */
  async roundTrip(size: number): Promise<{ size: number; time: number }> {
    const began = performance.now();
    const { length } = await this.echo(new Uint8Array(size));
    return { size: length, time: performance.now() - began };
  }
}

const settings: Partial<SshBackendOptions> = {
  node: NODE,
  // Runners make the backend, too.
  inheritEnv: ['HOST_KEY_2', 'HOST_KEY_3'],
  command: RUNNER === undefined ? undefined : (JSON.parse(RUNNER) as string[]),
};
const login = { user: SSH_USER, privateKeyFile: SSH_KEY_FILE };
const backend = new SshBackend({
  hosts: [
    { ...login, host: '10.99.0.2', hostKey: HOST_KEY_2, max: 4 },
    { ...login, host: '10.99.0.3', hostKey: HOST_KEY_3, max: 4 },
  ],
  ...settings,
});

@Module({
  imports: [FlameModule.forRoot([{ name: 'work', max: 8, shutdownTimeout: 2_000 }], { backend, reconnectTimeout: Number(RECONNECT) })],
  providers: [WorkService],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
app.enableShutdownHooks();
const work = app.get(WorkService);
// A runner does not get here. The parent does what lines on its standard input say: `{ id, method, args }`.
createInterface(process.stdin).on(
  'line',
  (line) => void answer(JSON.parse(line) as { id: number; method: 'stay' | 'roundTrip'; args: [number] }),
);
console.log('[parent] is up');

async function answer({ id, method, args }: { id: number; method: 'stay' | 'roundTrip'; args: [number] }): Promise<void> {
  const outcome = await work[method](...args).then(
    (value: unknown) => ({ value }),
    ({ code, ran, message }: { code: string; ran: string; message: string }) => ({ error: { code, ran, message } }),
  );
  console.log(`[answer ${id}] ${JSON.stringify(outcome)}`);
}
