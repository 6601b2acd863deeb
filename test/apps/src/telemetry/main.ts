import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { trace } from '@opentelemetry/api';
import { Flame, FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { flameTracing } from 'nestjs-flame/tracing';

/** Records one span for each call, and one when its app closes. */
@Injectable()
class Work implements OnApplicationShutdown {
  async run(): Promise<void> {
    record('work');
  }

  onApplicationShutdown(): void {
    if (FlameParent.get()) record('end');
  }
}

function record(name: string): void {
  trace
    .getTracer('app')
    .startSpan(name, { attributes: { 'flame.pool': FlameParent.get()?.pool } })
    .end();
}

/** Each named after how its runners end. */
const pools = [
  { name: 'idle', max: 1, idleShutdownAfter: 200 },
  { name: 'single-use', max: 1, singleUse: true },
  { name: 'drained', max: 1 },
  { name: 'kept', max: 1, idleShutdownAfter: Infinity },
];

@Module({
  imports: [
    FlameModule.forRoot(pools, {
      backend: new ProcessBackend(),
      handlers: [Work],
      ...(process.env['TRACING'] && { tracing: flameTracing() }),
    }),
  ],
  providers: [Work],
})
class AppModule {}

// An app without HTTP that makes CALLS calls on each of its POOLS.
const app = await NestFactory.createApplicationContext(AppModule);
app.enableShutdownHooks();
if (!FlameParent.get()) {
  const flame = app.get(Flame);
  for (const pool of process.env['POOLS']!.split(' ')) {
    for (let call = 0; call < Number(process.env['CALLS']); call++) await flame.on(pool, Work).run();
    if (pool === 'drained') await flame.pool(pool).drain();
  }
  console.log('[parent] has called');
}
