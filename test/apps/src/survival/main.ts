import 'reflect-metadata';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Flame, FlameParent, ProcessBackend } from 'nestjs-flame';
import { ConformanceModule } from '../conformance/app.module.js';
import { StreamService } from '../conformance/stream.service.js';
import { WorkService } from '../conformance/work.service.js';

// A parent that does what its environment says until something ends it, without HTTP; and its runners.
const {
  SURVIVAL_DOING: doing = '',
  SURVIVAL_FOLDER: folder = '',
  SURVIVAL_POOL: pool = '{}',
  SURVIVAL_OPTIONS: options = '{}',
  SURVIVAL_BACKEND: backend = '{}',
} = process.env;

function tell(what: string): void {
  console.log(`[${FlameParent.choose({ parent: 'parent', runner: 'runner' })}] ${what}`);
}

/** Tells when the app's own hooks run. */
@Injectable()
class Hooks implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  onApplicationBootstrap(): void {
    if (FlameParent.get()) appendFileSync(join(folder, 'runners'), `${process.pid}\n`);
  }

  onModuleDestroy(): void {
    tell('onModuleDestroy');
  }

  onApplicationShutdown(): void {
    tell('onApplicationShutdown');
  }
}

@Module({
  imports: [
    ConformanceModule.with([{ name: 'p', max: 4, maxConcurrency: 4, handlerTimeout: Infinity, ...JSON.parse(pool) }], {
      backend: new ProcessBackend(JSON.parse(backend)),
      ...JSON.parse(options),
    }),
  ],
  providers: [Hooks],
})
class SurvivalModule {}

const app = await NestFactory.createApplicationContext(SurvivalModule, { logger: ['log', 'warn', 'error'] });
app.enableShutdownHooks();

const [flame, work, streams] = [app.get(Flame), app.get(WorkService), app.get(StreamService)];
const file = join(folder, 'marks');
const begun = async (): Promise<void> => {
  while (!existsSync(file)) await sleep(10);
};
const unlinked = flame.on('p', WorkService, { link: false });

/** Tells what comes of a call. */
function told(call: Promise<unknown>): void {
  void call.then(
    (answer) => tell(`answered ${Buffer.isBuffer(answer) ? `${answer.length} bytes` : String(answer)}`),
    (error: { code?: string; message?: string }) => tell(`failed ${error.code}: ${error.message}`),
  );
}

/** Each resolves when it is under way. */
const deeds: Record<string, () => Promise<unknown>> = {
  idles: () => work.pid(),
  works: () => {
    void work.work(file, 600_000);
    return begun();
  },
  ignores: () => {
    void work.deaf(file, 600_000);
    return begun();
  },
  blocks: () => {
    void work.block(file, 600_000);
    return begun();
  },
  streams: () =>
    new Promise<void>((resolve) => {
      void (async () => {
        let items = 0;
        for await (const item of streams.numbers(Infinity)) if (item && ++items === 1_000) resolve();
      })();
    }),
  /** Work of both kinds on one runner: only one of the two may outlive the parent. */
  both: async () => {
    void unlinked.work(join(folder, 'unlinked'), Number(process.env['SURVIVAL_UNLINKED']));
    void work.work(file, 600_000);
    await begun();
    while (!existsSync(join(folder, 'unlinked'))) await sleep(10);
  },
  /** Calls without end, each one short; tells at last how they settled. */
  serves: async () => {
    const settled: Record<string, number> = {};
    const count = (how: string): void => void (settled[how] = (settled[how] ?? 0) + 1);
    const serve = async (): Promise<void> => {
      for (let refused = false; !refused;) {
        await work.work(file, 50 + Math.random() * 300).then(
          () => count('returned'),
          (error: { code?: string }) => {
            count(String(error.code));
            refused = error.code === 'FLAME_REFUSED';
          },
        );
      }
    };
    const all = Promise.all(Array.from({ length: 12 }, serve));
    void all.then(() => tell(`settled ${JSON.stringify(settled)}`));
    await begun();
  },
  /** Calls that take a second, and give more than a socket holds. */
  asks: async () => {
    told(work.work(file, 1_000).then(() => work.pid()));
    told(work.slowly(file, 1_000, 8_000_000));
    await begun();
  },
  /** A call whose handler blocks its event loop for so long that a runner without a parent would be gone. */
  asksForBlock: async () => {
    told(work.block(file, 4_000).then(() => work.pid()));
    await begun();
  },
  /** A call that takes three seconds. */
  asksLong: async () => {
    told(work.work(file, 3_000).then(() => work.pid()));
    await begun();
  },
  /** Calls that take a second, while this event loop is blocked. */
  asksAndBlocks: async () => {
    await deeds.asks!();
    // So that the next thing that the event loop does is to look at its timers.
    await new Promise(setImmediate);
    for (const end = Date.now() + 3_000; Date.now() < end;);
  },
  /** One call after another, until one takes longer than its pool's limits. */
  asksUntilHeld: async () => {
    await work.pid();
    for (let took = 0; took < 3_000;) {
      const began = Date.now();
      await work.work(file, 10);
      took = Date.now() - began;
    }
  },
  /** One call, whose runner has yet to be booted. */
  asksFirst: async () => told(work.pid()),
  /** Work that takes longer than anybody has time. */
  overstays: async () => {
    void work.work(file, 600_000).catch((error: { code?: string; message?: string }) => tell(`failed ${error.code}: ${error.message}`));
    await begun();
  },
};

if (!FlameParent.get()) {
  await deeds[doing]!();
  tell('is at it');
}
